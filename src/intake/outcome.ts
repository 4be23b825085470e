import type { FileReport, IntakeEvent, IntakeFinding } from '../store/records.ts';
import type { IntakeLimits } from './parser.ts';
import { storable } from './text.ts';

/** Longest offending value and longest rejected record kept in a finding, in characters. */
const VALUE_CHARACTERS = 200;
const RAW_CHARACTERS = 65_536;

/** Where and what, for one finding. */
export interface Fault {
  readonly row: number | null;
  readonly field: string | null;
  readonly code: string;
  readonly message: string;
  readonly value?: string | null;
  readonly raw?: string | null;
}

interface Tally {
  accepted: number;
  rejected: number;
  duplicates: number;
}

/**
 * Counts and findings of one file, for the formats that read records out of a larger structure. Each record is
 * settled once, by `accept` or `reject`, so received = accepted + rejected holds by construction. Warnings of one
 * code are listed up to the limit and the rest is counted in one closing finding; errors are always listed.
 */
export class FileOutcome {
  readonly #file: string;
  readonly #format: string;
  readonly #limits: IntakeLimits;
  readonly #tallies = new Map<string, Tally>();
  readonly #warnings = new Map<string, number>();
  readonly #codes = new Map<string, number>();
  #rejected = 0;
  #failed = false;
  #heading: string | null = null;

  constructor(file: string, format: string, limits: IntakeLimits) {
    this.#file = file;
    this.#format = format;
    this.#limits = limits;
  }

  /** True once so many records of the file were rejected that reading it stops. */
  get exhausted(): boolean {
    return this.#rejected >= this.#limits.rejectedRows;
  }

  /** Makes a record type appear in the reports even when the file holds none. */
  expect(recordType: string): void {
    this.#tally(recordType);
  }

  /** The file could not be read to its end; its reports say so. */
  fail(): void {
    this.#failed = true;
  }

  /** What a file of rejected rows, mended and sent again, has to begin with. */
  beginsWith(heading: string): void {
    this.#heading = bounded(heading, RAW_CHARACTERS);
  }

  accept(recordType: string, duplicate = false): void {
    const tally = this.#tally(recordType);
    tally.accepted += 1;
    if (duplicate) tally.duplicates += 1;
  }

  /** Settles a record as not taken; the event says why and carries it as sent. */
  reject(recordType: string, fault: Fault): IntakeEvent {
    this.#tally(recordType).rejected += 1;
    this.#rejected += 1;
    this.#count(fault.code);
    return this.#finding('error', fault);
  }

  /** A part of a record (a code, a date), or the file itself, was not taken; no count of records changes. */
  error(fault: Fault): IntakeEvent {
    this.#count(fault.code);
    return this.#finding('error', fault);
  }

  /** A remark on something taken; null when this code has been listed often enough in this file. */
  warn(fault: Fault): IntakeEvent | null {
    const seen = (this.#warnings.get(fault.code) ?? 0) + 1;
    this.#warnings.set(fault.code, seen);
    this.#count(fault.code);
    return seen > this.#limits.listedWarnings ? null : this.#finding('warning', { ...fault, raw: null });
  }

  /** Closing events: counts of warnings not listed, then one report per record type. */
  *close(): Generator<IntakeEvent> {
    for (const [code, seen] of this.#warnings) {
      const unlisted = seen - this.#limits.listedWarnings;
      if (unlisted > 0) {
        yield this.#finding('warning', {
          row: null,
          field: null,
          code,
          message: `${unlisted} more findings of this kind are not listed`,
        });
      }
    }
    for (const [recordType, { accepted, rejected, duplicates }] of this.#tallies) {
      const report: FileReport = {
        file: this.#file,
        format: this.#format,
        recordType,
        received: accepted + rejected,
        accepted,
        rejected,
        duplicates,
        codes: Object.fromEntries(this.#codes),
        ...(this.#failed ? { failed: true } : {}),
        ...(this.#heading === null ? {} : { heading: this.#heading }),
      };
      yield { type: 'report', report };
    }
  }

  #tally(recordType: string): Tally {
    const known = this.#tallies.get(recordType);
    if (known) return known;
    const fresh: Tally = { accepted: 0, rejected: 0, duplicates: 0 };
    this.#tallies.set(recordType, fresh);
    return fresh;
  }

  #count(code: string): void {
    this.#codes.set(code, (this.#codes.get(code) ?? 0) + 1);
  }

  #finding(severity: 'error' | 'warning', fault: Fault): IntakeEvent {
    const finding: IntakeFinding = {
      file: this.#file,
      row: fault.row,
      // A field may be named by the sender, as in a JSON pointer; a message may hold a value.
      field: bounded(fault.field, VALUE_CHARACTERS),
      code: fault.code,
      severity,
      message: storable(fault.message),
      value: bounded(fault.value ?? null, VALUE_CHARACTERS),
      raw: bounded(fault.raw ?? null, RAW_CHARACTERS),
    };
    return { type: 'finding', finding };
  }
}

/** Text that any database takes, cut at the limit. */
function bounded(text: string | null, limit: number): string | null {
  if (text === null) return null;
  return storable(text.length > limit ? `${text.slice(0, limit)}…` : text);
}
