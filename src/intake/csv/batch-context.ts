import type { CanonicalRecord, Feed, SourceRef } from '../../store/records.ts';
import { KeyMap } from '../key-map.ts';
import type { IntakeOptions } from '../parser.ts';
import type { TableKind } from './layout.ts';
import type { TableRow } from './table-row.ts';

/** Where a table's records go. */
export type Emit = (record: CanonicalRecord) => void;

/** Reads the rows of one table into records. */
export interface TableReader {
  /** Judges what no single cell shows; problems are noted on the row. Called before duplicates are looked for. */
  judge(row: TableRow): void;
  /** Records of a row that was taken. */
  take(row: TableRow, source: SourceRef, emit: Emit): void;
  /** After the last row of the last file of the table. */
  finish(emit: Emit): void;
}

/** What the files of one batch know of each other. */
export class BatchContext {
  readonly options: IntakeOptions;
  readonly feeds: readonly Feed[];
  readonly kinds: ReadonlySet<TableKind>;
  /** Members of this batch: birth date as YYYYMMDD, and sex (1 male, 2 female). */
  readonly members = new KeyMap(2);
  /** Claims of this batch: fingerprint of the member, fingerprint of the claim-level values. */
  readonly claims = new KeyMap(2);
  /** Answers about members of earlier batches: 1 known, 0 not. */
  readonly earlierMembers = new KeyMap(1);
  /** Answers about encounters of earlier batches, by member TAB encounter: 1 known, 0 not. */
  readonly earlierEncounters = new KeyMap(1);

  constructor(options: IntakeOptions, kinds: ReadonlySet<TableKind>) {
    this.options = options;
    this.kinds = kinds;
    const feeds: Feed[] = [];
    if (kinds.has('labs') || kinds.has('vitals')) feeds.push('observations');
    if (kinds.has('medications')) feeds.push('medications');
    if (kinds.has('procedures')) feeds.push('procedures');
    this.feeds = feeds;
  }

  /** Rows of all files, as far as they were read. */
  rowsRead = 0;

  /** The batch states the diagnoses of its claims, beside them or in a file of their own. */
  statesDiagnoses = false;

  isMember(memberId: string): boolean {
    return this.members.has(memberId) || this.earlierMembers.get(memberId) === 1;
  }

  /** Asks once for the members that no file of this batch names. */
  async learnMembers(memberIds: Iterable<string>): Promise<void> {
    const { knownMembers } = this.options.lookups;
    const asked = new Set<string>();
    for (const id of memberIds) if (!this.members.has(id) && !this.earlierMembers.has(id)) asked.add(id);
    if (asked.size === 0) return;
    const known = knownMembers ? await knownMembers([...asked]) : null;
    for (const id of asked) this.earlierMembers.set(id, known?.has(id) === true ? 1 : 0);
  }

  /** Asks once for the encounters that no file of this batch brings; keys are member TAB encounter. */
  async learnEncounters(keys: Iterable<string>): Promise<void> {
    const { knownEncounters } = this.options.lookups;
    const asked = new Set<string>();
    for (const key of keys) if (!this.earlierEncounters.has(key)) asked.add(key);
    if (asked.size === 0) return;
    const known = knownEncounters ? await knownEncounters([...asked]) : null;
    for (const key of asked) this.earlierEncounters.set(key, known?.has(key) === true ? 1 : 0);
  }
}
