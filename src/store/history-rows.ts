import type {
  Appointment,
  Condition,
  CoveragePeriod,
  Encounter,
  EncounterDiagnosis,
  Medication,
  Observation,
  Procedure,
  Provider,
  ServiceLine,
} from '../engine/history.ts';

/** A row as read, dates as text. Its columns were typed when they were written (record-rows.ts), which the casts here restate. */
export type HistoryRow = Readonly<Record<string, unknown>> & { readonly member_id: string };

const emptyToNull = (value: unknown): string | null => (value === '' ? null : (value as string | null));

function providerOf(row: HistoryRow): Provider | null {
  if (row.has_provider !== true) return null;
  return {
    npi: row.provider_npi as string | null,
    specialty: row.provider_specialty as string | null,
  };
}

export function coverageOf(row: HistoryRow): CoveragePeriod {
  return {
    program: row.program as CoveragePeriod['program'],
    contractId: emptyToNull(row.contract_id),
    planId: emptyToNull(row.plan_id),
    from: row.from_date as string,
    to: row.to_date as string | null,
    originalEntitlement: row.original_entitlement as string | null,
    currentEntitlement: row.current_entitlement as string | null,
    dualStatus: row.dual_status as string | null,
    institutional: row.institutional as boolean,
    newEnrollee: row.new_enrollee as boolean,
    snp: row.snp as CoveragePeriod['snp'],
    lowIncome: row.low_income as boolean,
    partD: row.part_d as CoveragePeriod['partD'],
    esrd: row.esrd as CoveragePeriod['esrd'],
    hospice: row.hospice as boolean,
    switcher: row.switcher as boolean,
  };
}

export function encounterOf(
  row: HistoryRow,
  children: { readonly lines: readonly ServiceLine[]; readonly diagnoses: readonly EncounterDiagnosis[] },
): Encounter {
  return {
    encounterId: row.encounter_id as string,
    from: row.from_date as string,
    to: row.to_date as string,
    setting: row.setting as Encounter['setting'],
    billType: row.bill_type as string | null,
    modality: row.modality as Encounter['modality'],
    source: row.source as Encounter['source'],
    linkedEncounterId: row.linked_encounter_id as string | null,
    claimStatus: row.claim_status as Encounter['claimStatus'],
    replacesEncounterId: row.replaces_encounter_id as string | null,
    icn: row.icn as string | null,
    acceptance: row.acceptance as Encounter['acceptance'],
    mao004: row.mao004 as Encounter['mao004'],
    crrAction: row.crr_action as Encounter['crrAction'],
    placeOfService: row.place_of_service as string | null,
    hra: row.hra as boolean,
    signed: row.signed as boolean | null,
    provider: providerOf(row),
    lines: children.lines,
    diagnoses: children.diagnoses,
  };
}

/**
 * Applies what a payer or CMS answered: a status names its encounter by id, else by ICN. A field the answer does not
 * state stays as the claim stated it. Two rows of one encounter id (of merged members) are the same encounter.
 */
export function withStatuses(
  encounters: readonly Encounter[],
  statuses: readonly HistoryRow[],
): readonly Encounter[] {
  const byId = new Map<string, HistoryRow[]>();
  const byIcn = new Map<string, HistoryRow[]>();
  for (const status of statuses) {
    const named = status.encounter_id !== '';
    const index = named ? byId : byIcn;
    const key = (named ? status.encounter_id : status.icn) as string;
    index.set(key, [...(index.get(key) ?? []), status]);
  }
  const unique = new Map(encounters.map((encounter) => [encounter.encounterId, encounter]));
  const answered = [...unique.values()].map((encounter) => {
    const named = byId.get(encounter.encounterId) ?? [];
    const icn =
      encounter.icn ?? named.map((status) => emptyToNull(status.icn)).find((text) => text !== null) ?? null;
    const applied = icn === null ? named : [...(byIcn.get(icn) ?? []), ...named];
    const stated = (column: string) =>
      applied.map((status) => status[column]).findLast((value) => value !== null);
    return {
      ...encounter,
      icn,
      acceptance: (stated('acceptance') as Encounter['acceptance'] | undefined) ?? encounter.acceptance,
      mao004: (stated('mao004') as Encounter['mao004'] | undefined) ?? encounter.mao004,
    };
  });
  return withTargetsById(answered);
}

/**
 * A replacement, void or chart review may name what it acts on by the payer's number (837 REF*F8 is the ICN), which
 * is often learnt only later, from an answer: such a name becomes the id of the encounter that has the ICN.
 */
function withTargetsById(encounters: readonly Encounter[]): readonly Encounter[] {
  const ids = new Set(encounters.map(({ encounterId }) => encounterId));
  const byIcn = new Map<string, string>();
  for (const { icn, encounterId } of encounters)
    if (icn !== null && !byIcn.has(icn)) byIcn.set(icn, encounterId);
  const target = (name: string | null) => (name === null || ids.has(name) ? name : (byIcn.get(name) ?? name));
  return encounters.map((encounter) => ({
    ...encounter,
    linkedEncounterId: target(encounter.linkedEncounterId),
    replacesEncounterId: target(encounter.replacesEncounterId),
  }));
}

export function conditionOf(row: HistoryRow): Condition {
  return {
    conditionId: row.condition_id as string | null,
    code: row.code as string,
    system: row.system as Condition['system'],
    source: row.source as Condition['source'],
    encounterId: row.encounter_id as string | null,
    recorded: row.recorded as string | null,
    clinicalStatus: row.clinical_status as Condition['clinicalStatus'],
    verification: row.verification as Condition['verification'],
    context: row.context as Condition['context'],
    meat: row.meat as Condition['meat'],
    signed: row.signed as boolean | null,
  };
}

export function observationOf(row: HistoryRow): Observation {
  return {
    code: row.code as string,
    system: row.system as Observation['system'],
    date: row.date as string,
    value: row.value as number | null,
    unit: row.unit as string | null,
    comparator: row.comparator as Observation['comparator'],
    text: row.text as string | null,
    interpretation: row.interpretation as string | null,
    status: row.status as string | null,
  };
}

export function medicationOf(row: HistoryRow): Medication {
  return {
    code: row.code as string | null,
    system: row.system as Medication['system'],
    ingredient: row.ingredient as string | null,
    route: row.route as string | null,
    date: row.date as string,
    daysSupply: row.days_supply as number | null,
    source: row.source as Medication['source'],
    setting: row.setting as string | null,
    status: row.status as string | null,
  };
}

export function procedureOf(row: HistoryRow): Procedure {
  return {
    code: row.code as string,
    system: row.system as Procedure['system'],
    date: row.date as string,
    status: row.status as string | null,
  };
}

export function appointmentOf(row: HistoryRow): Appointment {
  return { date: row.date as string, provider: providerOf(row) };
}
