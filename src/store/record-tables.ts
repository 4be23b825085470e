/** How the rows of one kind of record are written: key, values, and what an unstated value does to a stored one. */
export interface RecordTable {
  readonly table: string;
  /** Natural key after tenant and member: column → SQL type. */
  readonly key: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, string>>;
  /** Columns in which null means "not known to this source" and leaves what is stored. */
  readonly keepsStored: ReadonlySet<string>;
}

const table = (
  name: string,
  key: Readonly<Record<string, string>>,
  values: Readonly<Record<string, string>>,
  keepsStored: readonly string[] = [],
): RecordTable => ({ table: name, key, values, keepsStored: new Set(keepsStored) });

export const COVERAGE = table(
  'coverage_periods',
  { contract_id: 'text', plan_id: 'text', from_date: 'date' },
  {
    program: 'text',
    to_date: 'date',
    original_entitlement: 'text',
    current_entitlement: 'text',
    dual_status: 'text',
    institutional: 'boolean',
    new_enrollee: 'boolean',
    snp: 'text',
    low_income: 'boolean',
    part_d: 'text',
    esrd: 'jsonb',
    hospice: 'boolean',
    switcher: 'boolean',
    metal: 'text',
    csr: 'text',
    enrollment_months: 'smallint',
  },
);

export const ENCOUNTERS = table(
  'encounters',
  { encounter_id: 'text' },
  {
    from_date: 'date',
    to_date: 'date',
    setting: 'text',
    bill_type: 'text',
    modality: 'text',
    source: 'text',
    linked_encounter_id: 'text',
    claim_status: 'text',
    replaces_encounter_id: 'text',
    icn: 'text',
    acceptance: 'text',
    mao004: 'text',
    crr_action: 'text',
    place_of_service: 'text',
    hra: 'boolean',
    signed: 'boolean',
    has_provider: 'boolean',
    provider_npi: 'text',
    provider_specialty: 'text',
  },
  ['icn', 'acceptance', 'mao004'],
);

export const SERVICE_LINES = table(
  'service_lines',
  { encounter_id: 'text', line_number: 'integer' },
  { procedure: 'text', modifiers: 'text[]', service_date: 'date' },
);

export const DIAGNOSES = table('diagnoses', { encounter_id: 'text', code: 'text' }, { position: 'smallint' });

export const CONDITIONS = table(
  'conditions',
  { key: 'text' },
  {
    condition_id: 'text',
    code: 'text',
    system: 'text',
    source: 'text',
    encounter_id: 'text',
    recorded: 'date',
    clinical_status: 'text',
    verification: 'text',
    context: 'text',
    meat: 'text[]',
    signed: 'boolean',
  },
  ['encounter_id'],
);

export const OBSERVATIONS = table(
  'observations',
  { key: 'text' },
  {
    code: 'text',
    system: 'text',
    date: 'date',
    value: 'double precision',
    unit: 'text',
    comparator: 'text',
    text: 'text',
    interpretation: 'text',
    status: 'text',
  },
);

export const MEDICATIONS = table(
  'medications',
  { key: 'text' },
  {
    code: 'text',
    system: 'text',
    ingredient: 'text',
    route: 'text',
    date: 'date',
    days_supply: 'double precision',
    source: 'text',
    setting: 'text',
    status: 'text',
  },
);

export const PROCEDURES = table(
  'procedures',
  { key: 'text' },
  { code: 'text', system: 'text', date: 'date', status: 'text' },
);

export const APPOINTMENTS = table(
  'appointments',
  { key: 'text' },
  { date: 'date', has_provider: 'boolean', provider_npi: 'text', provider_specialty: 'text' },
);

export const ENCOUNTER_STATUSES = table(
  'encounter_statuses',
  { encounter_id: 'text', icn: 'text' },
  { acceptance: 'text', mao004: 'text', reasons: 'text[]' },
  ['acceptance', 'mao004'],
);

export const PAID_RAF = table(
  'paid_raf',
  { key: 'text' },
  {
    report: 'text',
    contract_id: 'text',
    payment_year: 'smallint',
    payment_month: 'text',
    model: 'text',
    paid: 'jsonb',
  },
);

export const VISIT_CLAIMS = table('visit_claims', { encounter_id: 'text' }, { claim_id: 'text' });

export const CLAIM_RESOURCES = table('claim_resources', { claim_id: 'text' }, { resource: 'text' });

/** Aliases have no values: a row is there or it is not. */
export const MEMBER_ALIASES = table('member_aliases', { alias: 'text' }, {});

/** What a history states of its member. */
export const HISTORY_TABLES: readonly RecordTable[] = [
  COVERAGE,
  ENCOUNTERS,
  SERVICE_LINES,
  DIAGNOSES,
  CONDITIONS,
  OBSERVATIONS,
  MEDICATIONS,
  PROCEDURES,
  APPOINTMENTS,
];

/** Every table a member's records go to, in the order in which they are merged. */
export const RECORD_TABLES: readonly RecordTable[] = [
  ...HISTORY_TABLES,
  ENCOUNTER_STATUSES,
  VISIT_CLAIMS,
  CLAIM_RESOURCES,
  PAID_RAF,
  MEMBER_ALIASES,
];
