import type { CodeTable } from './codes.ts';
import { type DiagnosisMapping, type EditPerson, firingEdit, mapDiagnoses } from './diagnoses.ts';
import { dotted, undotted } from './icd10.ts';
import type { ModelYear } from './model.ts';
import type { Scorer } from './score.ts';
import type { InvalidCode } from './score-contract.ts';

/** Contract wording for a code that no claim of the service year could carry. */
export const NOT_BILLABLE = 'billable on no date of the service year';
/** Longest part of an unreadable code that is repeated in an answer. */
const SHOWN = 24;

/** What became of each distinct code of a request in one model. Lists are sorted: order of input carries no meaning. */
export interface DiagnosisReport {
  readonly mapping: DiagnosisMapping;
  readonly unmapped: readonly string[];
  readonly pending: readonly string[];
  readonly invalid: readonly InvalidCode[];
}

/** Distinct codes of a request, undotted, in code order. */
export function distinctCodes(diagnoses: readonly string[]): string[] {
  const codes = new Set<string>();
  for (const diagnosis of diagnoses) codes.add(undotted(diagnosis));
  return [...codes].sort();
}

/** True when the code first became billable with a code set newer than the mapping of the payment year covers. */
export function isPending(codes: CodeTable, year: ModelYear, code: string): boolean {
  const first = codes.firstFiscalYear(code);
  return first !== null && first > year.codeSetYear && !year.mapping.has(code);
}

/** Maps the codes and sorts the rest into unmapped, pending and invalid (contract, `hccgap score`). */
export function reportDiagnoses(
  table: CodeTable,
  { year, person }: Pick<Scorer, 'year' | 'person'>,
  codes: readonly string[],
): DiagnosisReport {
  const mapping = mapDiagnoses(year, person, codes);
  const serviceYear = year.paymentYear - 1;
  const retired = retiredCodes(table, year);
  const invalid: InvalidCode[] = [];
  const unmapped: string[] = [];
  const pending: string[] = [];
  for (const code of codes) {
    if (year.mapping.has(code)) {
      const reason = faultOfMapped(year, person, code, !retired.has(code));
      if (reason !== null) invalid.push({ code: dotted(code), reason });
    } else if (!table.billableInYear(code, serviceYear))
      invalid.push({ code: shownCode(table, code), reason: NOT_BILLABLE });
    else if (isPending(table, year, code)) pending.push(dotted(code));
    else unmapped.push(dotted(code));
  }
  return { mapping, unmapped, pending, invalid };
}

const retiredOf = new WeakMap<ModelYear, ReadonlySet<string>>();

/** Codes that the mapping has and that are billable on no date of the service year: a handful, worked out once. */
function retiredCodes(table: CodeTable, year: ModelYear): ReadonlySet<string> {
  const known = retiredOf.get(year);
  if (known) return known;
  const retired = new Set(
    [...year.mapping.keys()].filter((code) => !table.billableInYear(code, year.paymentYear - 1)),
  );
  retiredOf.set(year, retired);
  return retired;
}

/**
 * What an answer must say of a code that the mapping has: that an edit leaves it without a category, or that it
 * counts although no date of the service year allows it; null when there is nothing to say.
 */
export function faultOfMapped(
  year: ModelYear,
  person: EditPerson,
  code: string,
  billable: boolean,
): string | null {
  const edit = firingEdit(year, code, person);
  if (edit?.action === 'invalid') {
    const what = edit.type === 'mce_age' ? 'age edit (Medicare code editor)' : 'age or sex edit of the model';
    return `${what}: gives no category at age ${person.age}`;
  }
  if (billable) return null;
  return `${NOT_BILLABLE}; counted, because the CMS mapping of payment year ${year.paymentYear} lists it`;
}

/** An unreadable code is repeated only in part. */
export function shownCode(table: CodeTable, code: string): string {
  return table.rows(code).length > 0 ? dotted(code) : code.slice(0, SHOWN);
}
