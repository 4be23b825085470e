import type { CodeTable } from '../codes.ts';
import { distinctCodes, NOT_BILLABLE, shownCode } from '../diagnosis-report.ts';
import { applyHierarchies, type DroppedHcc } from '../hierarchies.ts';
import { dotted } from '../icd10.ts';
import { compareHccs } from '../model.ts';
import { type Outcome, refuse, succeed } from '../outcome.ts';
import type { Factor, InvalidCode, ScoreRequest, ScoreResult } from '../score-contract.ts';
import { divideRounded, type Thousandths, toDecimal } from '../thousandths.ts';
import { bundledClaim } from './bundled-claim.ts';
import { type CategoryResult, categoriesOf, type HhsDiagnosis, type HhsPerson } from './categories.ts';
import { type HhsMember, readHhsMember } from './member.ts';
import type { HhsModel, HhsTables, HhsYearTables, Metal } from './tables.ts';
import { modelOf, type SetVariable, variablesOf } from './variables.ts';

/**
 * Scores one enrollee under HHS-HCC (45 CFR 153.320; DIY algorithm of the benefit year), for benefit years 2021
 * on as far as tables exist. `rawScore` is the plan liability score of the metal before CSR; `csrAdjusted` is it
 * times the CSR factor, rounded to three decimals. There is no payment arithmetic: `payment` is null.
 */
export function scoreHhsRequest(
  tables: HhsTables,
  codes: CodeTable,
  request: ScoreRequest,
): Outcome<ScoreResult> {
  const benefitYear = request.paymentYear;
  const year = tables.forYear(benefitYear);
  if (!year || (request.model !== null && request.model !== year.model)) {
    return yearRefusal(tables, request, year);
  }
  const read = readHhsMember(year, request.member);
  if (!read.ok) return read;
  const diagnoses = distinctCodes(request.diagnoses).map((code): HhsDiagnosis => ({ code, date: null }));
  return succeed(scoreHhs({ year, codes, member: read.value, request, diagnoses }));
}

function yearRefusal(tables: HhsTables, request: ScoreRequest, year: HhsYearTables | undefined) {
  const benefitYear = request.paymentYear;
  if (year) {
    return refuse(
      'unsupported_year',
      `benefit year ${benefitYear} is scored with ${year.model}, not ${request.model}`,
      '/model',
    );
  }
  return refuse(
    'unsupported_year',
    tables.refusal(benefitYear) ??
      `no HHS-HCC tables for benefit year ${benefitYear}; available: ${tables.benefitYears.join(', ')}`,
    '/paymentYear',
  );
}

export interface HhsScoreInput {
  readonly year: HhsYearTables;
  readonly codes: CodeTable;
  readonly member: HhsMember;
  readonly request: Pick<ScoreRequest, 'id' | 'drugs' | 'procedures'>;
  /** Dated diagnoses get the age at diagnosis, fiscal year and calendar rules 9-12; undated ones AGE_LAST. */
  readonly diagnoses: readonly HhsDiagnosis[];
}

/** The score of a member whose fields are known to be good; see {@link scoreHhsRequest}. */
export function scoreHhs({ year, codes, member, request, diagnoses }: HhsScoreInput): ScoreResult {
  const { person, metal } = member;
  const model = modelOf(person.ageLast);
  const categories = categoriesOf(year, person, diagnoses);
  const before = [...categories.codesByHcc.keys()].sort(compareHccs);
  const dropped = droppedOf(year, model, before);
  const gone = new Set(dropped.map(({ hcc }) => hcc));
  const hccs = before.filter((hcc) => !gone.has(hcc));
  const serviceCodes = [
    ...request.drugs.map(ndc11),
    ...request.procedures.map((code) => code.trim().toUpperCase()),
  ];
  const variables = variablesOf({
    tables: year,
    model,
    person,
    enrollmentMonths: member.enrollmentMonths,
    hccs,
    rxcs: model === 'Adult' ? rxcsOf(year, serviceCodes) : [],
    acfs: new Set(serviceCodes.flatMap((code) => year.acfByCode.get(code) ?? [])),
  });
  const factors = factorsOf(year, model, metal, variables, categories);
  const raw = factors.reduce((sum, { thousandths }) => sum + thousandths, 0);
  const leftOver = sortUnmapped(categories, codes, year, person);
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

/** Rules 15 and 16: every edge tested on the original set (the table is transitively closed), then what the model lacks. */
function droppedOf(year: HhsYearTables, model: HhsModel, before: readonly string[]): DroppedHcc[] {
  const left = new Set(before);
  const dropped = applyHierarchies(year.hierarchy, 'simultaneous', left);
  const excluded = [...left].filter((hcc) => year.models[model].exclusions.has(hcc));
  return [...dropped, ...excluded.map((hcc) => ({ hcc, droppedBy: `model:${model}` }))].sort((a, b) =>
    compareHccs(a.hcc, b.hcc),
  );
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
  codes: CodeTable,
  year: HhsYearTables,
  person: HhsPerson,
): { unmapped: string[]; pending: string[]; invalid: InvalidCode[] } {
  const unmapped: string[] = [];
  const pending: string[] = [];
  const invalid: InvalidCode[] = categories.ignored.map(({ code, reason }) => ({ code, reason }));
  const notBillable = (code: string): void => {
    invalid.push({ code: shownCode(codes, code), reason: NOT_BILLABLE });
  };
  for (const code of categories.unknown) {
    if (!codes.billableInYear(code, year.benefitYear)) notBillable(code);
    else if ((codes.firstFiscalYear(code) ?? 0) > year.codeSetYear) pending.push(dotted(code));
    else unmapped.push(dotted(code));
  }
  for (const { code, miss } of categories.missed) {
    if (miss === 'split') unmapped.push(dotted(code));
    else if (miss === 'mce') invalid.push({ code: dotted(code), reason: mceReason(person) });
    else notBillable(code);
  }
  return { unmapped, pending, invalid };
}

function mceReason(person: HhsPerson): string {
  const age = person.birthDate === null ? `age ${person.ageLast}` : 'the age at diagnosis';
  return `Medicare Code Editor condition: not valid at ${age} and sex ${person.sex}`;
}
