import type { IsoDate } from '../engine/dates.ts';
import { dotted, undotted } from '../engine/icd10.ts';
import { type CompiledModel, compareHccs, type ModelYear } from '../engine/model.ts';
import type { ReferenceData } from '../engine/reference-data.ts';
import { type Thousandths, toDecimal } from '../engine/thousandths.ts';

/** What a code is in one model and payment year. */
export type CodeStatus = 'mapped' | 'unmapped' | 'pending' | 'invalid' | 'header' | 'unknown';

export interface CodeInModel {
  readonly model: string;
  readonly paymentYear: number;
  readonly dosYear: number;
  readonly status: CodeStatus;
  readonly hccs: readonly { readonly hcc: string; readonly label: string }[];
  /** Age and sex edits: who gets another HCC, or none. */
  readonly edits: readonly string[];
  readonly why: string;
}

/** Newest payment year with a mapping. */
export function newestYear(model: CompiledModel): number {
  return model.paymentYears.at(-1) ?? 0;
}

function label(model: CompiledModel, hcc: string): string {
  return model.labels.get(hcc) ?? '';
}

function editWords(year: ModelYear, code: string): string[] {
  return (year.edits.get(code) ?? []).map((edit) => {
    const ages = [
      edit.ageMin === null ? null : `from age ${edit.ageMin}`,
      edit.ageMax === null ? null : `to age ${edit.ageMax}`,
    ].filter((part) => part !== null);
    const sex = edit.sex === null ? null : edit.sex === 'F' ? 'women' : 'men';
    const who = [sex, ...ages].filter((part) => part !== null).join(' ');
    return edit.action === 'override' && edit.toHcc !== null
      ? `${who}: maps to HCC ${edit.toHcc} instead`
      : `${who}: not counted (age or sex edit)`;
  });
}

/** Why a code maps, or does not, in one model and payment year (dates of service of the year before). */
export function codeInModel(
  reference: ReferenceData,
  year: ModelYear,
  model: CompiledModel,
  given: string,
): CodeInModel {
  const code = undotted(given);
  const shown = dotted(code);
  const { codes } = reference;
  const { paymentYear } = year;
  const dosYear = paymentYear - 1;
  const hccs = [...(year.mapping.get(code) ?? [])].sort(compareHccs);
  const base = {
    model: model.id,
    paymentYear,
    dosYear,
    hccs: hccs.map((hcc) => ({ hcc, label: label(model, hcc) })),
    edits: editWords(year, code),
  };
  const rows = codes.rows(code);
  if (hccs.length > 0) {
    return {
      ...base,
      status: 'mapped',
      why: `${shown} is in ${hccs.map((hcc) => `HCC ${hcc}`).join(' and ')} of ${model.id} by the payment year ${paymentYear} mapping`,
    };
  }
  if (rows.length === 0) {
    return { ...base, status: 'unknown', why: `${shown} is in no edition of ICD-10-CM held here` };
  }
  if (codes.billableInYear(code, dosYear)) {
    const first = codes.firstFiscalYear(code) ?? 0;
    return first > year.codeSetYear
      ? {
          ...base,
          status: 'pending',
          why: `${shown} is new in fiscal year ${first}; the mapping covers codes to fiscal year ${year.codeSetYear}, so its HCC is not known yet`,
        }
      : { ...base, status: 'unmapped', why: `${shown} is valid and in no payment HCC of ${model.id}` };
  }
  if (rows.some((row) => row.billable)) {
    return {
      ...base,
      status: 'invalid',
      why: `${shown} is billable on no date of ${dosYear}, the service year of payment year ${paymentYear}`,
    };
  }
  const below = codes.billableBelow(code, dosYear).length;
  return { ...base, status: 'header', why: `${shown} is a header: ${below} billable codes lie below it` };
}

/** A code: its editions, and what it is in every model asked for. */
export function codeAnswer(
  reference: ReferenceData,
  given: string,
  asked: {
    readonly date: IsoDate;
    readonly model: string | undefined;
    readonly paymentYear: number | undefined;
  },
) {
  const code = undotted(given);
  const rows = reference.codes.rows(code);
  const models = [...reference.models.values()]
    .filter((model) => asked.model === undefined || model.id === asked.model)
    .flatMap((model) => {
      const year = model.years.get(asked.paymentYear ?? newestYear(model));
      return year ? [codeInModel(reference, year, model, code)] : [];
    });
  return {
    code: dotted(code),
    description: reference.codes.description(code),
    date: asked.date,
    billable: reference.codes.billableOn(code, asked.date),
    editions: rows.map(({ from, to, billable, description }) => ({ from, to, billable, description })),
    models,
  };
}

/** Models held, with their payment years. */
export function modelsAnswer(reference: ReferenceData) {
  return [...reference.models.values()].map((model) => ({
    model: model.id,
    title: model.title,
    family: model.family,
    paymentYears: [...model.paymentYears],
    hccCount: model.labels.size,
    provenance: [...new Set([...model.years.values()].flatMap((year) => year.provenance))],
  }));
}

function codesByHcc(year: ModelYear): ReadonlyMap<string, readonly string[]> {
  const byHcc = new Map<string, string[]>();
  for (const [code, hccs] of year.mapping) {
    for (const hcc of hccs) {
      const known = byHcc.get(hcc);
      if (known) known.push(code);
      else byHcc.set(hcc, [code]);
    }
  }
  return byHcc;
}

/** Payment HCCs of a model in numeric order. */
export function hccsAnswer(model: CompiledModel, year: ModelYear) {
  const counts = codesByHcc(year);
  return [...model.labels.keys()].sort(compareHccs).map((hcc) => ({
    hcc,
    label: label(model, hcc),
    codes: counts.get(hcc)?.length ?? 0,
    drops: [...(model.hierarchy.children.get(hcc) ?? [])],
    droppedBy: [...(model.hierarchy.parents.get(hcc) ?? [])],
  }));
}

/** One HCC: its place in the hierarchy, its coefficient in every segment, and its codes. */
export function hccAnswer(model: CompiledModel, year: ModelYear, hcc: string) {
  const variable = `${model.hccPrefix}${hcc}`;
  const sets = model.sets.filter((set) => set.paymentYears.includes(year.paymentYear));
  const coefficients = sets.flatMap((set) =>
    [...set.tables].flatMap(([segment, table]) => {
      const value: Thousandths | undefined = table.get(variable);
      return value === undefined ? [] : [{ set: set.id, segment, value: toDecimal(value) }];
    }),
  );
  return {
    model: model.id,
    paymentYear: year.paymentYear,
    hcc,
    label: label(model, hcc),
    drops: [...(model.hierarchy.children.get(hcc) ?? [])],
    droppedBy: [...(model.hierarchy.parents.get(hcc) ?? [])],
    family: [...model.hierarchy.family(hcc)].sort(compareHccs),
    hierarchyOrder: year.hierarchyOrder,
    coefficients,
    codes: [...(codesByHcc(year).get(hcc) ?? [])].sort().map(dotted),
    provenance: [...year.provenance, ...sets.flatMap((set) => set.provenance)],
  };
}
