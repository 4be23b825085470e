import { finished } from 'node:stream/promises';
import { sql } from 'drizzle-orm';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { TenantTx } from './database.ts';
import { rowOfRecord } from './record-rows.ts';
import { ENCOUNTERS, RECORD_TABLES, type RecordTable } from './record-tables.ts';
import type { CanonicalRecord, Feed, ResourceDeletion } from './records.ts';
import { json, rowsOf, storableJson } from './rows.ts';

/** A table of the stage: its name and its columns with their SQL types, in the order in which they are copied. */
interface StageTable {
  readonly name: string;
  readonly columns: Readonly<Record<string, string>>;
}

/** Every staged row: whose it is (a number of this stage), its place in the order of the batch, where it was read. */
const COMMON = { m: 'integer', ord: 'integer', source_file: 'text', source_row: 'integer' } as const;

export const STAGED_IDS = 'stage_ids';
export const STAGED_MEMBERS = 'stage_members';
export const STAGED_LINKS = 'stage_links';
export const STAGED_DELETIONS = 'stage_deletions';

/** Name of the stage's table for rows of `table`. */
export function stageOf(table: RecordTable): string {
  return `stage_${table.table}`;
}

const IDS: StageTable = { name: STAGED_IDS, columns: { m: 'integer', external_id: 'text' } };
const MEMBERS: StageTable = {
  name: STAGED_MEMBERS,
  columns: {
    ...COMMON,
    birth_date: 'date',
    sex: 'text',
    death_date: 'date',
    pcp_npi: 'text',
    whole: 'boolean',
    feeds: 'text',
  },
};
const LINKS: StageTable = { name: STAGED_LINKS, columns: { ...COMMON, into_m: 'integer' } };
const DELETIONS: StageTable = {
  name: STAGED_DELETIONS,
  columns: {
    resource: 'text',
    deleted_at: 'timestamptz',
    lasting: 'boolean',
    line_number: 'integer',
    source_file: 'text',
    source_row: 'integer',
  },
};
const OF_RECORDS: ReadonlyMap<RecordTable, StageTable> = new Map(
  RECORD_TABLES.map((table) => [
    table,
    {
      name: stageOf(table),
      columns: {
        ...COMMON,
        ...table.key,
        ...table.values,
        ...(table === ENCOUNTERS ? { complete: 'boolean' } : {}),
      },
    },
  ]),
);
const STAGE_TABLES: readonly StageTable[] = [IDS, MEMBERS, LINKS, DELETIONS, ...OF_RECORDS.values()];

const FEED_OF: Readonly<Partial<Record<CanonicalRecord['kind'], Feed>>> = {
  observation: 'observations',
  medication: 'medications',
  procedure: 'procedures',
};

/** Rows kept before they are sent: enough that a round trip costs nothing, few enough to forget about. */
const BUFFERED_ROWS = 20_000;
/** Members remembered by number; one that is named again later gets a second number, which is harmless. */
const NUMBERED_MEMBERS = 20_000;

type Cells = readonly (string | null)[];

/** How rows reach the stage. `Row` is what is kept of a row until enough are there to be sent. */
interface Loader<Row> {
  keep(table: StageTable, cells: Cells): Row;
  /** Puts rows into a table of the stage, after those put there before. */
  send(table: StageTable, rows: readonly Row[]): Promise<void>;
}

/**
 * Makes the stage: temporary tables of this transaction, which nobody else sees and which end with it. They are not
 * logged, so that a row is written to the log once, when it is merged. With the transaction's `connection` rows go in
 * by COPY; without, by statements, which is right for a few thousand.
 */
export async function openStage(tx: TenantTx, connection?: pg.PoolClient): Promise<Stage> {
  for (const { name, columns } of STAGE_TABLES) {
    const shape = Object.entries(columns).map(([column, type]) => `"${column}" ${type}`);
    await tx.execute(sql.raw(`create temporary table ${name} (${shape.join(', ')}) on commit drop`));
  }
  return connection === undefined ? new Stage(inserting(tx)) : new Stage(copying(connection));
}

/** Ends the stage before its transaction does, so that the transaction may open another. */
export async function dropStage(tx: TenantTx): Promise<void> {
  const made = await rowsOf<{ name: string }>(
    tx,
    sql`select relname as name from pg_class where relpersistence = 't' and relkind = 'r' and relname like 'stage\\_%'
        and pg_table_is_visible(oid)`,
  );
  for (const { name } of made) await tx.execute(sql`drop table ${sql.identifier(name)}`);
}

/** Keeps a row as its line of text at once: a line is one value that waits for its turn, its cells would be a dozen. */
function copying(connection: pg.PoolClient): Loader<string> {
  return {
    keep: copyLine,
    async send(table, lines) {
      const columns = Object.keys(table.columns).map((name) => `"${name}"`);
      const stream = connection.query(
        copyFrom(`copy pg_temp.${table.name} (${columns.join(', ')}) from stdin`),
      );
      const ended = finished(stream);
      stream.end(`${lines.join('\n')}\n`, 'utf8');
      await ended;
    },
  };
}

function inserting(tx: TenantTx): Loader<Cells> {
  return {
    keep: (_table, cells) => cells,
    async send(table, rows) {
      const types = Object.values(table.columns);
      const casts = types.map((type, index) => `(r ->> ${index})::${type}`);
      await tx.execute(sql`insert into ${sql.raw(table.name)}
        select ${sql.raw(casts.join(', '))} from jsonb_array_elements(${json(rows)}) with ordinality as e(r, n) order by n`);
    },
  };
}

/** Takes the canonical records of a batch, in their order, into the stage by COPY. */
export class Stage<Row = unknown> {
  readonly #loader: Loader<Row>;
  readonly #buffers = new Map<StageTable, Row[]>();
  readonly #numbers = new Map<string, number>();
  readonly #rows = new Map<StageTable, number>();
  /** Tables in which a column that keeps what is stored has been stated. */
  readonly #stated = new Set<RecordTable>();
  /** Files of histories that state their members whole. */
  readonly #wholeFiles = new Set<string>();
  readonly #feeds = new Set<Feed>();
  #members = 0;
  #order = 0;
  #buffered = 0;
  #sending: Promise<void> = Promise.resolve();

  constructor(loader: Loader<Row>) {
    this.#loader = loader;
  }

  get records(): number {
    return this.#order;
  }

  has(table: RecordTable | 'members' | 'links' | 'deletions'): boolean {
    return (this.#rows.get(stageTable(table)) ?? 0) > 0;
  }

  /** True when members are stated whole. */
  get statesWhole(): boolean {
    return this.#wholeFiles.size > 0;
  }

  /** Feeds that the tenant sends: those with a row, and those declared. Histories speak for their member only. */
  get feeds(): ReadonlySet<Feed> {
    return this.#feeds;
  }

  /** True when a value that must outlast a later null was staged for the table. */
  keepsStated(table: RecordTable): boolean {
    return this.#stated.has(table);
  }

  /** True when enough is buffered; call {@link send} then. */
  add(record: CanonicalRecord): boolean {
    this.#order += 1;
    const { source } = record;
    const cells: (string | null)[] = [
      String(this.#numberOf(record.memberId)),
      String(this.#order),
      source.file,
      String(source.row),
    ];
    if (record.kind === 'member') {
      const { birthDate, sex, deathDate, pcpNpi, whole = false, feeds = [] } = record;
      if (whole) this.#wholeFiles.add(source.file);
      else for (const feed of feeds) this.#feeds.add(feed);
      const states = whole ? ['t', feeds.join(',')] : ['f', null];
      this.#push(MEMBERS, [...cells, birthDate, sex, deathDate, pcpNpi, ...states]);
    } else if (record.kind === 'member_link') {
      this.#push(LINKS, [...cells, record.into === null ? null : String(this.#numberOf(record.into))]);
    } else {
      const { table, row } = rowOfRecord(record);
      for (const name of Object.keys(table.key)) cells.push(cellText(row[name], table.key[name]));
      for (const name of Object.keys(table.values)) cells.push(cellText(row[name], table.values[name]));
      for (const name of table.keepsStored) if (row[name] !== null) this.#stated.add(table);
      if (record.kind === 'encounter') cells.push(record.complete ? 't' : 'f');
      const feed = FEED_OF[record.kind];
      if (feed !== undefined && !this.#wholeFiles.has(source.file)) this.#feeds.add(feed);
      this.#push(stageTable(table), cells);
    }
    return this.#buffered >= BUFFERED_ROWS;
  }

  delete({ resource, at, lasting, lineNumber, source }: ResourceDeletion): void {
    const line = lineNumber === null ? null : String(lineNumber);
    this.#push(DELETIONS, [resource, at, lasting ? 't' : 'f', line, source.file, String(source.row)]);
  }

  /** Starts sending what is buffered, after what was sent before: reading goes on meanwhile. */
  async send(): Promise<void> {
    await this.#sending;
    const full = [...this.#buffers];
    this.#buffers.clear();
    this.#buffered = 0;
    this.#sending = this.#sendAll(full);
    // The failure is raised by the next await of the same promise; unheard of until then it would end the process.
    this.#sending.catch(() => undefined);
  }

  /** Sends the rest and waits for it. */
  async finish(): Promise<void> {
    await this.send();
    await this.#sending;
  }

  async #sendAll(full: readonly (readonly [StageTable, readonly Row[]])[]): Promise<void> {
    for (const [table, rows] of full) await this.#loader.send(table, rows);
  }

  #numberOf(externalId: string): number {
    const known = this.#numbers.get(externalId);
    if (known !== undefined) return known;
    if (this.#numbers.size >= NUMBERED_MEMBERS) this.#numbers.clear();
    this.#members += 1;
    this.#numbers.set(externalId, this.#members);
    this.#push(IDS, [String(this.#members), externalId]);
    return this.#members;
  }

  #push(table: StageTable, cells: Cells): void {
    const row = this.#loader.keep(table, cells);
    const rows = this.#buffers.get(table);
    if (rows === undefined) this.#buffers.set(table, [row]);
    else rows.push(row);
    this.#rows.set(table, (this.#rows.get(table) ?? 0) + 1);
    this.#buffered += 1;
  }
}

function stageTable(table: RecordTable | 'members' | 'links' | 'deletions'): StageTable {
  if (table === 'members') return MEMBERS;
  if (table === 'links') return LINKS;
  if (table === 'deletions') return DELETIONS;
  const found = OF_RECORDS.get(table);
  if (found === undefined) throw new Error(`${table.table} is no table of the stage`);
  return found;
}

/** A value as PostgreSQL reads it from text. */
function cellText(value: unknown, type: string | undefined): string | null {
  if (value === null || value === undefined) return null;
  if (type === 'jsonb') return storableJson(value);
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return arrayText(value);
  return String(value);
}

/** An array of texts as PostgreSQL writes it. */
function arrayText(values: readonly unknown[]): string {
  return `{${values.map((value) => `"${String(value).replace(/["\\]/g, '\\$&')}"`).join(',')}}`;
}

const SPECIAL = /[\\\t\n\r\0]/;
const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
  // PostgreSQL cannot hold it; one such character must not refuse the rows beside it.
  '\0': '\ufffd',
};

/** Types whose text holds none of the characters that COPY gives a meaning. */
const PLAIN_TYPES: ReadonlySet<string> = new Set([
  'integer',
  'smallint',
  'double precision',
  'date',
  'boolean',
]);
const plainColumns = new Map<StageTable, readonly boolean[]>();

function plainOf(table: StageTable): readonly boolean[] {
  const known = plainColumns.get(table);
  if (known !== undefined) return known;
  const plain = Object.values(table.columns).map((type) => PLAIN_TYPES.has(type));
  plainColumns.set(table, plain);
  return plain;
}

function copyLine(table: StageTable, cells: Cells): string {
  const plain = plainOf(table);
  // Joined, not added up: what is added up stays a chain of its pieces until it is sent.
  return cells
    .map((cell, at) => (cell === null ? '\\N' : plain[at] === true ? cell : copyCell(cell)))
    .join('\t');
}

function copyCell(text: string): string {
  return SPECIAL.test(text) ? text.replace(/[\\\t\n\r\0]/g, (letter) => ESCAPES[letter] ?? letter) : text;
}
