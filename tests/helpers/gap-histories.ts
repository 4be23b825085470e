import path from 'node:path';
import type { Analysis, AnalysisOptions, Gap, GapKind, NotGap } from '../../src/engine/analysis-contract.ts';
import { analyzeHistory } from '../../src/engine/analyze.ts';
import type { MemberHistory } from '../../src/engine/history.ts';
import type { ReferenceData } from '../../src/engine/reference-data.ts';
import { parseHistory } from '../../src/intake/json/history.ts';
import { loadReference } from '../../src/reference/load.ts';

let loaded: ReferenceData | null = null;

/** The packaged reference data, loaded once a test file. */
export function packagedReference(): ReferenceData {
  loaded ??= loadReference(path.resolve(import.meta.dirname, '../../hcc-mappings'));
  return loaded;
}

type Fields = Readonly<Record<string, unknown>>;

/** An office visit with one listed procedure. */
export function visit(encounterId: string, from: string, codes: string, extra: Fields = {}): Fields {
  return {
    encounterId,
    from,
    setting: 'professional',
    lines: [{ procedure: '99214' }],
    diagnoses: diagnoses(codes),
    ...extra,
  };
}

/** A hospital stay. */
export function stay(
  encounterId: string,
  from: string,
  to: string,
  codes: string,
  extra: Fields = {},
): Fields {
  return {
    encounterId,
    from,
    to,
    setting: 'inpatient',
    billType: '111',
    diagnoses: diagnoses(codes),
    ...extra,
  };
}

/** A chart review record; `linked` names its encounter. */
export function review(encounterId: string, from: string, codes: string, extra: Fields = {}): Fields {
  return {
    encounterId,
    from,
    setting: 'professional',
    source: 'chart_review',
    diagnoses: diagnoses(codes),
    ...extra,
  };
}

/** A diagnosis in a signed note with an assessment. */
export function note(code: string, recorded: string, encounterId: string | null, extra: Fields = {}): Fields {
  return {
    conditionId: `${code}-${recorded}`,
    code,
    system: 'icd10cm',
    source: 'note',
    encounterId,
    recorded,
    clinicalStatus: 'active',
    verification: 'confirmed',
    meat: ['assessed'],
    signed: true,
    ...extra,
  };
}

/** A problem-list entry. */
export function problem(code: string, recorded: string, clinicalStatus: string, extra: Fields = {}): Fields {
  return {
    code,
    system: 'icd10cm',
    source: 'problem_list',
    recorded,
    clinicalStatus,
    verification: 'confirmed',
    ...extra,
  };
}

function diagnoses(codes: string): Fields[] {
  return codes.split(' ').map((code, index) => ({ code, position: index + 1 }));
}

/** An invented member of 1950, covered 2020 to 2029, with every feed present and empty. */
export function historyOf(encounters: readonly Fields[], extra: Fields = {}): MemberHistory {
  const { coverage = {}, ...rest } = extra;
  const parsed = parseHistory({
    memberId: 'TEST-1',
    birthDate: '1950-06-15',
    sex: 'F',
    coverage: Array.isArray(coverage)
      ? coverage
      : [
          {
            program: 'ma',
            from: '2020-01-01',
            to: '2029-12-31',
            originalEntitlement: '0',
            dualStatus: '00',
            ...(coverage as Fields),
          },
        ],
    encounters,
    conditions: [],
    observations: [],
    medications: [],
    procedures: [],
    ...rest,
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors));
  return parsed.history;
}

export const OPTIONS: AnalysisOptions = {
  paymentYear: 2027,
  asOf: '2026-11-23',
  kinds: null,
  lookbackYears: 2,
};

/** The analysis, which must succeed. */
export function analysisOf(history: MemberHistory, options: Partial<AnalysisOptions> = {}): Analysis {
  const outcome = analyzeHistory(packagedReference(), history, { ...OPTIONS, ...options });
  if (!outcome.ok) throw new Error(outcome.error.message);
  return outcome.value;
}

export function gapsOf(analysis: Analysis, kind: GapKind): readonly Gap[] {
  return analysis.gaps.filter((gap) => gap.kind === kind);
}

export function gapOf(analysis: Analysis, kind: GapKind, hcc: string): Gap | undefined {
  return analysis.gaps.find((gap) => gap.kind === kind && gap.hcc === hcc);
}

/** `hcc reason` of every not-gap, in order. */
export function reasonsOf({ notGaps }: { readonly notGaps: readonly NotGap[] }): readonly string[] {
  return notGaps.map(({ hcc, code, reason }) => `${hcc ?? code} ${reason}`);
}
