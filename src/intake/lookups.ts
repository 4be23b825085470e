import { OLDEST_CODE_DATE } from '../engine/codes.ts';
import type { ReferenceData } from '../engine/reference-data.ts';
import { resolveDrug } from '../engine/suspects/drugs.ts';
import type { IntakeLookups } from './parser.ts';

/** The look-ups that parsers ask while they read: code validity on a date, and drug product to ingredient. */
export function intakeLookups(reference: ReferenceData): Pick<IntakeLookups, 'icd10' | 'drug'> {
  const { codes } = reference;
  const { drugs } = reference.suspecting;
  return {
    icd10: (code, date) => {
      // Older services were coded by editions that are not at hand: nothing can be said against their codes.
      if (date < OLDEST_CODE_DATE || codes.billableOn(code, date)) return 'billable';
      const onDate = codes.rows(code).some(({ from, to }) => from <= date && (to === null || date <= to));
      return onDate ? 'header' : 'unknown';
    },
    drug: ({ ndc, rxnorm, name }) => {
      const codings = [
        ...(rxnorm === null ? [] : [{ code: rxnorm, system: 'rxnorm' }]),
        ...(ndc === null ? [] : [{ code: ndc, system: 'ndc' }]),
      ];
      const found = resolveDrug(drugs, { codings, name, route: null });
      return found.ok ? { ingredient: found.ingredients.join(' / '), route: found.route } : null;
    },
  };
}
