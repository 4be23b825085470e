import type { NotGap } from '../analysis-contract.ts';
import type { Submission } from '../captured.ts';
import { dotted } from '../icd10.ts';
import { type AnalysisContext, describe } from './context.ts';

/** `Chronic systolic (congestive) heart failure (I50.22)`: the code's own words, never the HCC's label. */
export function named(context: Pick<AnalysisContext, 'reference'>, code: string): string {
  return `${describe(context, code)} (${dotted(code)})`;
}

/** `2025-03-04 (E1)`. */
export function place(submission: Submission): string {
  return `${submission.date} (${submission.record.encounter.encounterId})`;
}

/** A finding that is no gap; `code` undotted as stored. */
export function notGap(hcc: string | null, code: string, reason: string, explanation: string): NotGap {
  return { hcc, code: dotted(code), reason, explanation };
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(items: readonly string[]): string {
  if (items.length < 2) return items[0] ?? '';
  return `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}
