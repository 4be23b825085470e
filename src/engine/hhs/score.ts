import { dotted } from '../icd10.ts';
import type { Factor, InvalidCode, ScoreRequest, ScoreResult } from '../score-contract.ts';
import { divideRounded, type Thousandths, toDecimal } from '../thousandths.ts';
import { bundledClaim } from './bundled-claim.ts';
import { type CategoryResult, categoriesOf, type HhsDiagnosis, type HhsPerson } from './categories.ts';
import { type HhsMember, readHhsMember } from './member.ts';
import { byHccNumber, type HhsModel, type HhsTables, type HhsYearTables, type Metal } from './tables.ts';
import { modelOf, type SetVariable, variablesOf } from './variables.ts';

/** Whether a code that the crosswalk lacks was billable in the calendar year, is only known to a newer set, or neither. */
export type CodeStanding = (code: string, calendarYear: number) => 'billable' | 'pending' | 'unknown';

/** Why a request cannot be scored: where, a stable code, and words. */
export interface HhsRefusal {
  readonly pointer: string;
  readonly code: string;
  readonly message: string;
}

export type HhsScoreOutcome =
  | { readonly ok: true; readonly result: ScoreResult }
  | { readonly ok: false; readonly error: HhsRefusal };

/**
 * Scores one enrollee under HHS-HCC (45 CFR 153.320; DIY algorithm of the benefit year), for benefit years 2021
 * on as far as tables exist. `rawScore` is the plan liability score of the metal before CSR; `csrAdjusted` is it
 * times the CSR factor, rounded to three decimals. There is no payment arithmetic: `payment` is null.
 */
export function scoreHhsRequest(
  tables: HhsTables,
  standing: CodeStanding,
  request: ScoreRequest,
): HhsScoreOutcome {
  const benefitYear = request.paymentYear;
  const year = tables.forYear(benefitYear);
  if (!year || (request.model !== null && request.model !== year.model)) {
    return { ok: false, error: yearRefusal(tables, request, year) };
  }
  const read = readHhsMember(year, request.member);
  if (!read.ok) return read;
  const diagnoses = request.diagnoses.map((code): HhsDiagnosis => ({ code, date: null }));
  return { ok: true, result: scoreHhs({ year, standing, member: read.member, request, diagnoses }) };
}

function yearRefusal(tables: HhsTables, request: ScoreRequest, year: HhsYearTables | undefined): HhsRefusal {
  const benefitYear = request.paymentYear;
  if (year) {
    return {
      pointer: '/model',
      code: 'model_not_in_year',
      message: `benefit year ${benefitYear} is scored with ${year.model}, not ${request.model}`,
    };
  }
  const known = tables.benefitYears;
  return {
    pointer: '/paymentYear',
    code: 'year_not_supported',
    message:
      tables.refusal(benefitYear) ??
      `no HHS-HCC tables for benefit year ${benefitYear}; available: ${known.join(', ')}`,
  };
}

export interface HhsScoreInput {
  readonly year: HhsYearTables;
  readonly standing: CodeStanding;
  readonly member: HhsMember;
  readonly request: Pick<ScoreRequest, 'id' | 'drugs' | 'procedures'>;
  /** Dated diagnoses get the age at diagnosis, fiscal year and calendar rules 9-12; undated ones AGE_LAST. */
  readonly diagnoses: readonly HhsDiagnosis[];
}

/** The score of a member whose fields are known to be good; see {@link scoreHhsRequest}. */
export function scoreHhs({ year, standing, member, request, diagnoses }: HhsScoreInput): ScoreResult {
  const { person, metal } = member;
  const model = modelOf(person.ageLast);
  const categories = categoriesOf(year, person, diagnoses);
  const before = [...categories.codesByHcc.keys()].sort(byHccNumber);
  const dropped = droppedOf(year, model, before);
  const gone = new Set(dropped.map(({ hcc }) => hcc));
  const hccs = before.filter((hcc) => !gone.has(hcc));
  const codes = [...request.drugs.map(ndc11), ...request.procedures.map((code) => code.trim().toUpperCase())];
  const variables = variablesOf({
    tables: year,
    model,
    person,
    enrollmentMonths: member.enrollmentMonths,
    hccs,
    rxcs: model === 'Adult' ? rxcsOf(year, codes) : [],
    acfs: new Set(codes.flatMap((code) => year.acfByCode.get(code) ?? [])),
  });
  const factors = factorsOf(year, model, metal, variables, categories);
  const raw = factors.reduce((sum, { thousandths }) => sum + thousandths, 0);
  const leftOver = sortUnmapped(categories, standing, year.benefitYear, person);
  return {
    id: request.id,
    model: year.model,
    paymentYear: year.benefitYear,
    segment: `${model}_${metal}`,
    hccsBeforeHierarchy: before,
    hccs,
    dropped,
    paymentHccCount: hccs.length,
    factors: factors.map(({ factor }) => factor),
    rawScore: toDecimal(raw),
    payment: null,
    ...(member.csr === null ? {} : { csrAdjusted: csrAdjusted(member.csr, raw) }),
    ...leftOver,
    assumptions: [
      ...member.assumptions,
      'payment: HHS-HCC has no payment arithmetic for one enrollee (the transfer formula is of the whole risk pool)',
      ...categories.unedited.map(
        (code) =>
          `${code}: undated, so its Medicare Code Editor condition was not applied (benefit year ${year.benefitYear})`,
      ),
      ...bundledClaim(year, person, hccs, categories.codes),
    ],
    provenance: year.provenance,
  };
}

/** Rules 15 and 16: one pass over the original set (the table is transitively closed), then what the model lacks. */
function droppedOf(
  year: HhsYearTables,
  model: HhsModel,
  before: readonly string[],
): { hcc: string; droppedBy: string }[] {
  const by = new Map<string, string>();
  for (const hcc of before) {
    for (const lower of year.hierarchies.get(hcc) ?? []) if (!by.has(lower)) by.set(lower, hcc);
  }
  return before.flatMap((hcc) => {
    const droppedBy = by.get(hcc) ?? (year.models[model].exclusions.has(hcc) ? `model:${model}` : null);
    return droppedBy === null ? [] : [{ hcc, droppedBy }];
  });
}

/** Rules 19 and 20. */
function rxcsOf(year: HhsYearTables, codes: readonly string[]): string[] {
  const found = new Set(codes.flatMap((code) => year.rxcByNdc.get(code) ?? year.rxcByHcpcs.get(code) ?? []));
  const gone = new Set([...found].flatMap((rxc) => year.rxcHierarchies.get(rxc) ?? []));
  return [...found].filter((rxc) => !gone.has(rxc)).sort();
}

/** NDC as EDGE stores it: 11 characters, left-padded with zeros; a few are alphanumeric. */
function ndc11(ndc: string): string {
  return ndc.replace(/[-\s]/g, '').toUpperCase().padStart(11, '0');
}

interface ValuedFactor {
  readonly factor: Factor;
  readonly thousandths: Thousandths;
}

/** Rule 32: variables without a row add nothing, and are not shown. */
function factorsOf(
  year: HhsYearTables,
  model: HhsModel,
  metal: Metal,
  variables: readonly SetVariable[],
  categories: CategoryResult,
): ValuedFactor[] {
  return variables.flatMap(({ variable, kind, hccs }): ValuedFactor[] => {
    const thousandths = year.models[model].coefficients.get(variable)?.[metal];
    if (thousandths === undefined) return [];
    const diagnoses = [...new Set(hccs.flatMap((hcc) => categories.codesByHcc.get(hcc) ?? []))];
    const value = toDecimal(thousandths);
    return [
      {
        thousandths,
        factor: diagnoses.length === 0 ? { variable, kind, value } : { variable, kind, value, diagnoses },
      },
    ];
  });
}

/** Rule 34: once, after the raw score, rounded to three decimals. */
function csrAdjusted(
  csr: NonNullable<HhsMember['csr']>,
  raw: Thousandths,
): { indicator: string; factor: number; score: number } {
  return {
    indicator: csr.indicator,
    factor: csr.factorHundredths / 100,
    score: toDecimal(divideRounded(raw * csr.factorHundredths, 100)),
  };
}

function sortUnmapped(
  categories: CategoryResult,
  standing: CodeStanding,
  benefitYear: number,
  person: HhsPerson,
): { unmapped: string[]; pending: string[]; invalid: InvalidCode[] } {
  const unmapped: string[] = [];
  const pending: string[] = [];
  const invalid: InvalidCode[] = categories.ignored.map(({ code, reason }) => ({ code, reason }));
  for (const code of categories.unknown) {
    const found = standing(code, benefitYear);
    if (found === 'billable') unmapped.push(dotted(code));
    else if (found === 'pending') pending.push(dotted(code));
    else invalid.push({ code: dotted(code), reason: 'billable on no date of the service year' });
  }
  for (const { code, miss } of categories.missed) {
    if (miss === 'split') unmapped.push(dotted(code));
    else if (miss === 'mce') invalid.push({ code: dotted(code), reason: mceReason(person) });
    else invalid.push({ code: dotted(code), reason: 'billable on no date of the service year' });
  }
  return { unmapped, pending, invalid };
}

function mceReason(person: HhsPerson): string {
  const age = person.birthDate === null ? `age ${person.ageLast}` : 'the age at diagnosis';
  return `Medicare Code Editor condition: not valid at ${age} and sex ${person.sex}`;
}
