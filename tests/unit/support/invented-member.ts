import path from 'node:path';
import type { Analysis, AnalysisOptions, Gap } from '../../../src/engine/analysis-contract.ts';
import { analyzeHistory } from '../../../src/engine/analyze.ts';
import { parseHistory } from '../../../src/intake/json/history.ts';
import { loadReference } from '../../../src/reference/load.ts';

/** The packages of this repository. */
export const reference = loadReference(path.resolve(import.meta.dirname, '../../../hcc-mappings'));

export type Row = Record<string, unknown>;
let next = 0;

/** An eligible office visit of an invented member. */
export function visit(date: string, codes: readonly string[], more: Row = {}): Row {
  next += 1;
  return {
    encounterId: `V${next}`,
    from: date,
    setting: 'professional',
    lines: [{ procedure: '99214', modifiers: [], date }],
    diagnoses: codes.map((code) => ({ code })),
    ...more,
  };
}

export function stay(from: string, to: string, codes: readonly string[]): Row {
  return visit(to, codes, { from, to, setting: 'inpatient', billType: '111', lines: [] });
}

export function analyze(history: Row, options: Partial<AnalysisOptions> = {}): Analysis {
  const parsed = parseHistory({
    memberId: 'TEST-1',
    birthDate: '1950-03-02',
    sex: 'M',
    coverage: [{ program: 'ma', from: '2022-01-01', to: null, originalEntitlement: '0', dualStatus: '00' }],
    observations: [],
    medications: [],
    procedures: [],
    ...history,
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors));
  const outcome = analyzeHistory(reference, parsed.history, {
    paymentYear: 2026,
    asOf: '2026-11-23',
    kinds: null,
    lookbackYears: 2,
    ...options,
  });
  if (!outcome.ok) throw new Error(outcome.error.message);
  return outcome.value;
}

export function gapOf(analysis: Analysis, kind: string, hcc: string): Gap {
  const gap = analysis.gaps.find((item) => item.kind === kind && item.hcc === hcc);
  if (gap === undefined) throw new Error(`no ${kind} gap for HCC ${hcc}`);
  return gap;
}
