import type { CellBands } from './demographics.ts';
import { type Condition, conditionOf, type Expression, parseCondition } from './expression.ts';

/** One row of a model's term table: declarative, read once when the package is loaded. */
export interface TermRow {
  readonly kind:
    | 'flag'
    | 'segment'
    | 'rule'
    | 'group'
    | 'interaction'
    | 'count'
    | 'cell'
    | 'demographic'
    | 'adjuster';
  readonly name: string;
  /** Condition in the grammar of `parseCondition`; for a count, `3` or `10+`. */
  readonly when: string;
  /** Segments in which the term enters the sum; empty for helpers and where it does not apply. */
  readonly segments: readonly string[];
  /** rule: HCCs dropped; cell: age bands; demographic and adjuster: coefficient table if not the segment's. */
  readonly detail: string;
}

export interface SegmentTest {
  readonly name: string;
  readonly when: Condition;
}
/** Drops HCCs before the hierarchies (V28 HCC 223, ESRD renal categories). */
export interface DropRule {
  readonly name: string;
  readonly when: Condition;
  readonly expression: Expression;
  readonly drops: readonly string[];
}
export interface Term {
  readonly name: string;
  readonly when: Condition;
  /** The same condition as a tree, for the batch kernel. */
  readonly expression: Expression;
  readonly segments: ReadonlySet<string>;
  /** Coefficient table; null: that of the member's segment. */
  readonly table: string | null;
}
export interface CountTerm {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly segments: ReadonlySet<string>;
}
export interface CellTerm extends Term {
  readonly bands: CellBands;
}

export interface ModelTerms {
  readonly segments: readonly SegmentTest[];
  readonly rules: readonly DropRule[];
  readonly interactions: readonly Term[];
  readonly counts: readonly CountTerm[];
  readonly cells: readonly CellTerm[];
  readonly demographics: readonly Term[];
  readonly adjusters: readonly Term[];
}

/** Compiles a model's term table; a row may use the flags and groups above it. Throws on a row it cannot read. */
export function compileTerms(rows: readonly TermRow[], hccPrefix: string): ModelTerms {
  const names = new Map<string, Expression>();
  const terms = {
    segments: [] as SegmentTest[],
    rules: [] as DropRule[],
    interactions: [] as Term[],
    counts: [] as CountTerm[],
    cells: [] as CellTerm[],
    demographics: [] as Term[],
    adjusters: [] as Term[],
  };
  for (const row of rows) {
    if (row.kind === 'count') {
      terms.counts.push(countTerm(row));
      continue;
    }
    const expression = parseCondition(row.when, names, hccPrefix);
    const when = conditionOf(expression);
    const term: Term = {
      name: row.name,
      when,
      expression,
      segments: new Set(row.segments),
      table: row.detail === '' ? null : row.detail,
    };
    switch (row.kind) {
      case 'flag':
      case 'group':
        names.set(row.name, expression);
        if (row.segments.length > 0) terms.demographics.push(term);
        break;
      case 'segment':
        terms.segments.push({ name: row.name, when });
        break;
      case 'rule':
        terms.rules.push({ name: row.name, when, expression, drops: row.detail.split('|') });
        break;
      case 'interaction':
        terms.interactions.push(term);
        break;
      case 'cell':
        terms.cells.push({ ...term, table: null, bands: cellBands(row) });
        break;
      case 'demographic':
        terms.demographics.push(term);
        break;
      case 'adjuster':
        terms.adjusters.push(term);
        break;
    }
  }
  return terms;
}

function countTerm(row: TermRow): CountTerm {
  const [, from, open] = /^(\d+)(\+?)$/.exec(row.when) ?? [];
  if (from === undefined) throw new Error(`count term ${row.name}: "${row.when}" is not a count`);
  return {
    name: row.name,
    from: Number(from),
    to: open ? Number.POSITIVE_INFINITY : Number(from),
    segments: new Set(row.segments),
  };
}

function cellBands(row: TermRow): CellBands {
  const bands = row.detail;
  if (bands === 'continuing' || bands === 'new_enrollee' || bands === 'new_enrollee_merged') return bands;
  throw new Error(`cell term ${row.name}: unknown age bands ${bands}`);
}
