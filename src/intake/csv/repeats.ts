import { fingerprint, KeyMap } from '../key-map.ts';
import type { HeaderPlan } from './header.ts';
import type { TableRow } from './table-row.ts';

/** A file whose rows are looked through for repeats. */
export interface RepeatFile {
  readonly file: string;
  readonly plan: HeaderPlan;
}

/** The key of a row was used by another row already. */
export interface UsedKey {
  readonly field: string;
  readonly value: string;
  readonly otherRow: string;
}

/** Finds rows that repeat an earlier row of the table, in this file or another, or use its key for something else. */
export class RepeatFinder {
  readonly #files: readonly RepeatFile[];
  readonly #rows = new KeyMap(0);
  /** Key of a row to the number of its file and row, and a fingerprint of its content. */
  readonly #keys = new KeyMap(3);

  constructor(files: readonly RepeatFile[]) {
    this.#files = files;
  }

  /** `same`: the row is there already; a used key; or null: the row is new and remembered from here on. */
  look(
    row: TableRow,
    { key, index }: { readonly key: readonly string[] | null; readonly index: number },
  ): 'same' | UsedKey | null {
    const values = key?.map((column) => row.text(column) ?? String(row.number(column) ?? '')) ?? [];
    // A table with a key of its own rows' choosing (labs) has rows without one.
    const field = key?.at(-1) ?? '';
    if (!key || (key.length === 1 && values[0] === '')) {
      return this.#rows.set(`${index === 0 ? '' : this.#signature(index)}${row.raw}`) ? null : 'same';
    }
    const text = (key[1] === 'claim_line_number' && values[1] === '' ? [values[0], '1'] : values).join('\t');
    const content = fingerprint(row.raw);
    const known = this.#keys.get(text, 2);
    if (known === undefined) {
      this.#keys.set(text, index, row.row, content);
      return null;
    }
    if (known === content) return 'same';
    const otherFile = this.#keys.get(text, 0) ?? 0;
    const otherRow = String(this.#keys.get(text, 1) ?? 0);
    const elsewhere = otherFile === index ? '' : ` of ${this.#files[otherFile]?.file ?? ''}`;
    return { field: fieldOfKey(key, field), value: values.at(-1) ?? '', otherRow: `${otherRow}${elsewhere}` };
  }

  /** Rows of files with different columns are different rows, whatever they look like. */
  #signature(index: number): string {
    const columns = (at: number): string =>
      this.#files[at]?.plan.fields.map(({ field, cells }) => `${field.name}${cells.join('+')}`).join() ?? '';
    return columns(index) === columns(0) ? '' : `${columns(index)}\n`;
  }
}

function fieldOfKey(key: readonly string[], last: string): string {
  return key[0] === 'member_id' ? 'member_id' : last;
}
