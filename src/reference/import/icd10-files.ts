import type { ImportProblem, ReadRows } from './problem.ts';

export interface OrderedCode {
  readonly code: string;
  readonly billable: boolean;
  readonly description: string;
}

/**
 * The ICD-10-CM order file (`icd10cm-order-2027.txt`), fixed columns: 1-5 order number, 7-13 code, 15 billable (1)
 * or header (0), 17-76 short description, 78 on long description.
 */
export function readOrderFile(file: string, text: string): ReadRows<OrderedCode> {
  const rows: OrderedCode[] = [];
  const problems: ImportProblem[] = [];
  let last = 0;
  text.split(/\r?\n/).forEach((line, index) => {
    if (line.trim() === '') return;
    const order = Number(line.slice(0, 5));
    const code = line.slice(6, 13).trim();
    const flag = line[14];
    const description = line.slice(77).trim();
    if (!isCode(code) || (flag !== '0' && flag !== '1') || description === '' || !Number.isInteger(order)) {
      problems.push({
        file,
        line: index + 1,
        code: 'bad_row',
        message: `unreadable order line: ${line.slice(0, 30)}`,
      });
      return;
    }
    if (order !== last + 1) {
      problems.push({
        file,
        line: index + 1,
        code: 'count',
        message: `order number ${order} follows ${last}`,
      });
    }
    last = order;
    rows.push({ code, billable: flag === '1', description });
  });
  return { rows, problems };
}

export interface AddendumChange {
  readonly action: 'add' | 'delete' | 'revise';
  readonly code: string;
  readonly billable: boolean;
  readonly description: string;
}

/**
 * The order addenda (`icd10cm-order-addenda-2027.txt`): `Add:`, `Delete:`, `Revise from:` and `Revise to:` before
 * the columns of an order line. A revision's `from` line repeats the old text and is passed over.
 */
export function readOrderAddenda(file: string, text: string): ReadRows<AddendumChange> {
  const rows: AddendumChange[] = [];
  const problems: ImportProblem[] = [];
  text.split(/\r?\n/).forEach((line, index) => {
    if (line.trim() === '') return;
    const match =
      /^(Add|Delete|Revise from|Revise to|No change)\s*:\s*(?:\d{5}\s+)?([A-Z][0-9A-Z]{2,6})\s+([01])\s+(.*)$/i.exec(
        line,
      );
    if (!match) {
      problems.push({
        file,
        line: index + 1,
        code: 'bad_row',
        message: `unreadable addendum: ${line.slice(0, 30)}`,
      });
      return;
    }
    const [, word = '', code = '', flag, rest = ''] = match;
    const action = ACTIONS[word.toLowerCase()];
    if (action === undefined) return;
    rows.push({ action, code, billable: flag === '1', description: longDescription(rest) });
  });
  return { rows, problems };
}

const ACTIONS: Readonly<Record<string, AddendumChange['action']>> = {
  add: 'add',
  delete: 'delete',
  'revise to': 'revise',
};

/** Short description in 60 columns, then the long one; a line with one description only has it as both. */
function longDescription(rest: string): string {
  return (rest.length > 61 ? rest.slice(60) : rest).trim() || rest.trim();
}

function isCode(code: string): boolean {
  return /^[A-Z][0-9A-Z]{2,6}$/.test(code);
}
