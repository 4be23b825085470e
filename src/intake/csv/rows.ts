import type { LineBlock } from './physical-lines.ts';

/** One row of a flat file, or why it cannot be split. `row` is the line on which it starts, the header being 1. */
export interface RawRow {
  readonly row: number;
  /** Cells as sent, quotes resolved, not trimmed; null when there is a fault. */
  readonly cells: readonly string[] | null;
  /** The row as sent. */
  readonly raw: string;
  readonly fault: RowFault | null;
}

export type RowFault =
  | { readonly code: 'bad_encoding'; readonly offset: number }
  | { readonly code: 'nul_byte' }
  | { readonly code: 'row_too_long' }
  /** `fatal`: what follows the opening quote cannot be told apart, so nothing after the row is read. */
  | { readonly code: 'quote_unclosed'; readonly fatal: boolean };

/** A row whose last cell so far is still inside its quotes. */
interface OpenRow {
  readonly row: number;
  readonly lines: string[];
  readonly cells: CellReader;
  length: number;
  bad: RowFault | null;
  /** Too long: its lines are no longer kept, only its end is looked for. */
  dropped: boolean;
}

/**
 * Rows of RFC 4180 text. A quoted field may run over lines. A quoted field whose closing quote is followed by
 * anything but a delimiter was never closed where it should have been: the line on which it opened is given up and
 * reading goes on with the next one, so one stray quote costs one row. Blank lines are passed over.
 */
export class RowSplitter {
  readonly #delimiter: string;
  readonly #maxBytes: number;
  #open: OpenRow | null = null;

  constructor(delimiter: string, maxBytes: number) {
    this.#delimiter = delimiter;
    this.#maxBytes = maxBytes;
  }

  /** Rows that are complete with this block. */
  push(block: LineBlock): RawRow[] {
    const rows: RawRow[] = [];
    for (let index = 0; index < block.lines.length; index += 1) {
      const bad = block.badBytes.get(index);
      const fault: RowFault | null = bad ? { code: 'bad_encoding', offset: bad.offset } : null;
      const line = block.lines[index] ?? '';
      if (this.#open) this.#continue(this.#open, { line, fault }, rows);
      else this.#start(line, { number: block.first + index, fault }, rows);
    }
    return rows;
  }

  /** The row that the end of the file leaves open, if any. */
  end(): RawRow[] {
    const open = this.#open;
    this.#open = null;
    return open ? [rejected(open.row, open.lines[0] ?? '', { code: 'quote_unclosed', fatal: true })] : [];
  }

  #start(
    line: string,
    { number, fault }: { readonly number: number; readonly fault: RowFault | null },
    rows: RawRow[],
  ): void {
    const bad = this.#faultOf(line, fault);
    if (bad) {
      rows.push(rejected(number, line, bad));
    } else if (line.includes('"')) {
      const cells = new CellReader(this.#delimiter);
      const open = { row: number, lines: [line], cells, length: line.length, bad: null, dropped: false };
      this.#settle(open, cells.read(line), rows);
    } else if (line !== '' && line.trim() !== '') {
      rows.push({ row: number, cells: line.split(this.#delimiter), raw: line, fault: null });
    }
  }

  #continue(
    open: OpenRow,
    { line, fault }: { readonly line: string; readonly fault: RowFault | null },
    rows: RawRow[],
  ): void {
    open.length += line.length + 1;
    open.bad ??= this.#faultOf(line, fault);
    if (!open.dropped && open.length > this.#maxBytes) {
      open.bad = { code: 'row_too_long' };
      open.dropped = true;
      open.lines.length = 1;
      open.cells.dropText();
    }
    if (!open.dropped) open.lines.push(line);
    this.#settle(open, open.cells.read(`\n${line}`), rows);
  }

  #settle(open: OpenRow, state: CellState, rows: RawRow[]): void {
    this.#open = state === 'open' ? open : null;
    if (state === 'open') return;
    const raw = open.lines.join('\n');
    if (state === 'complete') {
      rows.push(
        open.bad
          ? rejected(open.row, raw, open.bad)
          : { row: open.row, cells: open.cells.cells, raw, fault: null },
      );
      return;
    }
    const [opening = '', ...others] = open.lines;
    rows.push(rejected(open.row, opening, { code: 'quote_unclosed', fatal: open.dropped }));
    for (const [index, line] of others.entries()) {
      if (this.#open) this.#continue(this.#open, { line, fault: null }, rows);
      else this.#start(line, { number: open.row + 1 + index, fault: null }, rows);
    }
  }

  #faultOf(line: string, fault: RowFault | null): RowFault | null {
    // A UTF-16 unit takes at most three bytes of UTF-8.
    const tooLong =
      line.length > this.#maxBytes ||
      (line.length * 3 > this.#maxBytes && Buffer.byteLength(line) > this.#maxBytes);
    if (tooLong) return { code: 'row_too_long' };
    return fault ?? (line.includes('\u0000') ? { code: 'nul_byte' } : null);
  }
}

function rejected(row: number, raw: string, fault: RowFault): RawRow {
  return { row, cells: null, raw, fault };
}

type CellState = 'complete' | 'open' | 'broken';

/** Reads the cells of one row line by line; each character is looked at once. */
export class CellReader {
  readonly cells: string[] = [];
  readonly #delimiter: string;
  #quoted: string | null = null;
  #keep = true;

  constructor(delimiter: string) {
    this.#delimiter = delimiter;
  }

  /** From here on only the end of the row is looked for. */
  dropText(): void {
    this.#keep = false;
    this.cells.length = 0;
    if (this.#quoted !== null) this.#quoted = '';
  }

  /** `open`: the row goes on in the next line; `broken`: a closing quote is not at the end of its cell. */
  read(line: string): CellState {
    let at = 0;
    for (;;) {
      if (this.#quoted === null) {
        const start = this.#afterBlanks(line, at);
        if (line[start] !== '"') {
          const end = line.indexOf(this.#delimiter, at);
          this.#add(line.slice(at, end < 0 ? line.length : end));
          if (end < 0) return 'complete';
          at = end + 1;
          continue;
        }
        this.#quoted = '';
        at = start + 1;
      }
      const close = this.#readQuoted(line, at);
      if (close < 0) return 'open';
      at = this.#afterBlanks(line, close + 1);
      if (at >= line.length) return 'complete';
      if (line[at] !== this.#delimiter) return 'broken';
      at += 1;
    }
  }

  /** Takes text up to the closing quote and returns its position, or -1 when the line ends before it. */
  #readQuoted(line: string, start: number): number {
    let from = start;
    for (;;) {
      const quote = line.indexOf('"', from);
      if (quote < 0) {
        if (this.#keep) this.#quoted += line.slice(from);
        return -1;
      }
      const doubled = line[quote + 1] === '"';
      if (this.#keep) this.#quoted += line.slice(from, doubled ? quote + 1 : quote);
      if (!doubled) {
        this.#add(this.#quoted ?? '');
        this.#quoted = null;
        return quote;
      }
      from = quote + 2;
    }
  }

  #add(cell: string): void {
    if (this.#keep) this.cells.push(cell);
  }

  #afterBlanks(line: string, from: number): number {
    let at = from;
    while (line[at] === ' ' && this.#delimiter !== ' ') at += 1;
    return at;
  }
}

/** The delimiter that occurs most often outside quotes in the header row; a comma when none does. */
export function detectDelimiter(header: string): string {
  const outside = header.replace(/"(?:[^"]|"")*"/g, '');
  let best = ',';
  let most = 0;
  for (const candidate of [',', '|', '\t', ';']) {
    const count = outside.split(candidate).length - 1;
    if (count > most) [best, most] = [candidate, count];
  }
  return best;
}
