import { type SQL, sql } from 'drizzle-orm';
import type { TenantTx } from './database.ts';
import { json, rowsOf } from './rows.ts';

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

/** One row in the shape of its table, with the member's key and where it was read. */
export type StoredRow = Readonly<Record<string, unknown>> & {
  readonly member_id: string;
  readonly source_file: string;
  readonly source_row: number;
};

export interface UpsertOutcome {
  /** Rows inserted or changed; the rest was there already, word for word. */
  readonly changed: number;
  readonly members: readonly string[];
}

/**
 * Writes rows of one table in one statement. A row whose content is stored already is left alone, provenance
 * included, so that a second sending of the same file writes nothing. Rows go in by key, so that two writers take
 * their locks in the same order. Keys must be distinct within `rows`.
 */
export async function upsertRows(
  tx: TenantTx,
  spec: RecordTable,
  batchId: string,
  rows: readonly StoredRow[],
): Promise<UpsertOutcome> {
  if (rows.length === 0) return { changed: 0, members: [] };
  const written = await rowsOf<{ member_id: string; changed: number }>(
    tx,
    sql`with written as (${upsertStatement(spec, batchId, rows)} returning member_id)
        select member_id, count(*)::int as changed from written group by member_id`,
  );
  return {
    changed: written.reduce((sum, row) => sum + row.changed, 0),
    members: written.map((row) => row.member_id),
  };
}

function upsertStatement(spec: RecordTable, batchId: string, rows: readonly StoredRow[]): SQL {
  const keys = Object.keys(spec.key);
  const values = Object.keys(spec.values);
  const columns = [...keys, ...values];
  const shape = Object.entries({ ...spec.key, ...spec.values }).map(([name, type]) => `"${name}" ${type}`);
  const quoted = columns.map((name) => `"${name}"`).join(', ');
  const stored = values.map((name) => `${spec.table}."${name}"`).join(', ');
  const wanted = values
    .map((name) =>
      spec.keepsStored.has(name)
        ? `coalesce(excluded."${name}", ${spec.table}."${name}")`
        : `excluded."${name}"`,
    )
    .join(', ');
  const order = keys.map((name) => `r."${name}"`).join(', ');
  // Only names from the constants above are put into the text; everything that was read is in the one parameter.
  return sql`
    insert into ${sql.raw(spec.table)} (member_id, ${sql.raw(quoted)}, batch_id, source_file, source_row)
    select r.member_id, ${sql.raw(columns.map((name) => `r."${name}"`).join(', '))}, ${batchId}::uuid, r.source_file, r.source_row
    from jsonb_to_recordset(${json(rows)})
      as r(member_id uuid, source_file text, source_row integer, ${sql.raw(shape.join(', '))})
    order by r.member_id, ${sql.raw(order)}
    on conflict (tenant_id, member_id, ${sql.raw(keys.map((name) => `"${name}"`).join(', '))}) do update set
      (${sql.raw(values.map((name) => `"${name}"`).join(', '))}, batch_id, source_file, source_row)
      = (${sql.raw(wanted)}, excluded.batch_id, excluded.source_file, excluded.source_row)
    where (${sql.raw(stored)}) is distinct from (${sql.raw(wanted)})`;
}
