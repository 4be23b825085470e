import type { HhsPerson } from './categories.ts';
import { type DerivedRow, type HhsModel, type HhsYearTables, hccVariable, within } from './tables.ts';

/** A variable equal to 1 for the enrollee, and the HCCs it stands on. */
export interface SetVariable {
  readonly variable: string;
  readonly kind: 'demographic' | 'hcc' | 'group' | 'count' | 'interaction' | 'rxc' | 'other';
  readonly hccs: readonly string[];
}

export interface VariableInput {
  readonly tables: HhsYearTables;
  readonly model: HhsModel;
  readonly person: HhsPerson;
  readonly enrollmentMonths: number;
  /** After hierarchies and model exclusions. */
  readonly hccs: readonly string[];
  readonly rxcs: readonly string[];
  /** Affiliated cost factors a drug or procedure of the enrollee supports. */
  readonly acfs: ReadonlySet<string>;
}

/** Rule 17. */
export function modelOf(ageLast: number): HhsModel {
  if (ageLast >= 21) return 'Adult';
  return ageLast >= 2 ? 'Child' : 'Infant';
}

/** Every variable set for the enrollee: sections E to I of the algorithm. */
export function variablesOf(input: VariableInput): readonly SetVariable[] {
  return input.model === 'Infant' ? infantVariables(input) : adultOrChildVariables(input);
}

function adultOrChildVariables(input: VariableInput): readonly SetVariable[] {
  const { tables, model, hccs, rxcs } = input;
  const grouped = new Map<string, string[]>();
  const single: string[] = [];
  for (const hcc of hccs) {
    const group = tables.models[model].groups.get(hcc);
    if (group === undefined) single.push(hcc);
    else grouped.set(group, [...(grouped.get(group) ?? []), hcc]);
  }
  // HHS_HCC022 is an add-on to the diabetes group and is not counted (rule 22).
  const count = single.filter((hcc) => hcc !== '22').length + grouped.size;
  const isSet = setTest(input, new Set([...hccs.map(hccVariable), ...grouped.keys(), ...rxcs]));
  return [
    ...demographic(input),
    ...single.map((hcc): SetVariable => ({ variable: hccVariable(hcc), kind: 'hcc', hccs: [hcc] })),
    ...[...grouped].map(([variable, members]): SetVariable => ({ variable, kind: 'group', hccs: members })),
    ...rxcs.map((variable): SetVariable => ({ variable, kind: 'rxc', hccs: [] })),
    ...tables.models[model].derived
      .filter((row) => holds(row, input, isSet, count))
      .map(
        (row): SetVariable => ({ variable: row.variable, kind: kindOf(row), hccs: standingOn(row, hccs) }),
      ),
  ];
}

function demographic({ tables, model, person }: VariableInput): SetVariable[] {
  return tables.models[model].demographics
    .filter((row) => row.sex === person.sex && within(person.ageLast, row.age))
    .map(({ variable }) => ({ variable, kind: 'demographic', hccs: [] }));
}

/** Tells whether a name of a derived variable's definition is set; indicators are worked out once. */
type IsSet = (name: string) => boolean;

/** Rule 23: indicators look at pre-group flags and group flags together. */
function setTest({ tables, model }: VariableInput, present: ReadonlySet<string>): IsSet {
  const { indicators } = tables.models[model];
  const known = new Map<string, boolean>();
  return (name) => {
    const members = indicators.get(name);
    if (members === undefined) return present.has(name);
    let set = known.get(name);
    if (set === undefined) {
      set = false;
      for (const member of members) if (present.has(member)) set = true;
      known.set(name, set);
    }
    return set;
  };
}

/** Rule 24; the numeric conditions first, because they decide most rows. */
function holds(row: DerivedRow, input: VariableInput, isSet: IsSet, count: number): boolean {
  if (row.enrollmentMonths !== null && row.enrollmentMonths !== input.enrollmentMonths) return false;
  if (!within(count, row.hccCount) || !within(input.person.ageLast, row.age)) return false;
  if (
    row.requires === 'ACF_CODE'
      ? !input.acfs.has(row.variable)
      : row.requires !== null && !isSet(row.requires)
  ) {
    return false;
  }
  if (!row.anyOf.every((names) => names.some(isSet))) return false;
  return row.excludedBy === null || !isSet(row.excludedBy);
}

function kindOf(row: DerivedRow): SetVariable['kind'] {
  if (row.requires === 'ACF_CODE') return 'other';
  if (row.enrollmentMonths !== null) return 'other';
  return row.hccCount.min !== null || row.hccCount.max !== null ? 'count' : 'interaction';
}

/** The HCCs an interaction names, for the explanation. */
function standingOn(row: DerivedRow, hccs: readonly string[]): readonly string[] {
  if (row.anyOf.length === 0) return [];
  return hccs.filter((hcc) => row.anyOf.some((names) => names.includes(hccVariable(hcc))));
}

/** Section I: one maturity by severity cell; HCCs are not scored one by one. */
function infantVariables({ tables, person, model, hccs }: VariableInput): readonly SetVariable[] {
  const severity = Math.max(1, ...hccs.map((hcc) => tables.infantSeverity.get(hcc) ?? 1));
  const newborn = hccs.flatMap((hcc) => {
    const row = tables.infantMaturity.get(hcc);
    return row === undefined ? [] : [{ hcc, ...row }];
  });
  const best = person.ageLast === 0 ? newborn.sort((a, b) => a.priority - b.priority)[0] : undefined;
  const maturity = best?.maturity ?? 'AGE1';
  // Rule 30: a male of age 0 without a newborn category takes the age-1 term with the age-1 cell.
  const scoredAge = maturity === 'AGE1' ? 1 : person.ageLast;
  const scored = { ...person, ageLast: scoredAge };
  const deciding = hccs.filter((hcc) => hcc === best?.hcc || tables.infantSeverity.get(hcc) === severity);
  return [
    ...tables.models[model].demographics
      .filter((row) => row.sex === scored.sex && within(scored.ageLast, row.age))
      .map(({ variable }): SetVariable => ({ variable, kind: 'demographic', hccs: [] })),
    { variable: `${maturity}_X_SEVERITY${severity}`, kind: 'interaction', hccs: deciding },
  ];
}
