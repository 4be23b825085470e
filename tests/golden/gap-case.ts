import type { Analysis, AnalysisOptions, Gap, GapKind } from '../../src/engine/analysis-contract.ts';

/** Expected part of a golden gap case; fields as the vectors' README describes them. */
export interface ExpectedGap {
  readonly kind: GapKind;
  readonly hcc?: string;
  readonly hccAnyOf?: readonly string[];
  readonly model?: string;
  readonly status?: string;
  readonly subKind?: string;
  readonly list?: string;
  readonly direction?: string;
  readonly confidence?: string;
  readonly persistenceClass?: string;
  readonly actBy?: string | null;
  readonly candidateCodesInclude?: readonly string[];
  readonly encounterLink?: string | null;
  readonly reasons?: readonly string[];
  readonly ruleOrReasonAnyOf?: readonly string[];
  readonly impactStandalone?: number;
}

export interface GapCase {
  readonly id: string;
  readonly title: string;
  readonly history: unknown;
  readonly options: Partial<AnalysisOptions> & { readonly paymentYear: number; readonly asOf: string };
  readonly expected: {
    readonly yearState?: string;
    readonly mustInclude?: readonly ExpectedGap[];
    readonly mustNotInclude?: readonly { kind: string; hcc?: string; code?: string }[];
    readonly notGaps?: readonly {
      readonly hcc: string | null;
      readonly code?: string;
      readonly reason?: string;
      readonly reasonAnyOf?: readonly string[];
    }[];
    readonly encounters?: readonly {
      readonly encounterId: string;
      readonly eligible: boolean;
      readonly reason?: string | null;
      readonly flag?: string;
    }[];
    readonly capturedHccs?: readonly string[];
    readonly rawScore?: number;
    readonly models?: readonly {
      readonly model: string;
      readonly capturedHccs: readonly string[];
      readonly rawScore: number;
    }[];
    readonly gapCount?: readonly { readonly kind: string; readonly hcc: string; readonly count: number }[];
    readonly noGaps?: boolean;
    readonly allImpactsNull?: boolean;
    readonly sameResultAs?: string;
  };
  readonly contested?: boolean;
}

/** Every difference between an answer and its case, in words; empty when the answer is right. */
export function differences(analysis: Analysis, expected: GapCase['expected']): string[] {
  const found: string[] = [];
  const check = (what: string, got: unknown, want: unknown): void => {
    if (JSON.stringify(got) !== JSON.stringify(want)) {
      found.push(`${what}: got ${JSON.stringify(got)}, want ${JSON.stringify(want)}`);
    }
  };
  if (expected.yearState !== undefined) check('yearState', analysis.yearState, expected.yearState);
  for (const want of expected.mustInclude ?? []) compareGap(analysis, want, check, found);
  for (const never of expected.mustNotInclude ?? []) {
    const bad = analysis.gaps.filter((gap) => matches(gap, never));
    if (bad.length > 0)
      found.push(
        `forbidden ${JSON.stringify(never)}: ${bad.map(({ explanation }) => explanation).join(' | ')}`,
      );
  }
  for (const want of expected.notGaps ?? []) {
    const reasons = want.reasonAnyOf ?? [want.reason];
    const held = analysis.notGaps.some(
      ({ hcc, code, reason }) =>
        hcc === want.hcc && (want.code === undefined || code === want.code) && reasons.includes(reason),
    );
    if (!held) found.push(`no notGap ${JSON.stringify(want)} in ${JSON.stringify(analysis.notGaps)}`);
  }
  for (const want of expected.encounters ?? []) {
    const verdicts = analysis.encounters.filter(({ encounterId }) => encounterId === want.encounterId);
    check(`${want.encounterId} verdicts`, verdicts.length, 1);
    const [verdict] = verdicts;
    check(`${want.encounterId} eligible`, verdict?.eligible, want.eligible);
    if (want.reason != null && !verdict?.reasons.includes(want.reason)) {
      found.push(`${want.encounterId} reasons ${JSON.stringify(verdict?.reasons)}, want ${want.reason}`);
    }
    if (want.reason === null) check(`${want.encounterId} reasons`, verdict?.reasons, []);
    if (want.flag !== undefined && !verdict?.flags.includes(want.flag)) {
      found.push(`${want.encounterId} flags ${JSON.stringify(verdict?.flags)}, want ${want.flag}`);
    }
  }
  const { current } = analysis.raf;
  if (expected.capturedHccs) check('capturedHccs', current?.hccs, expected.capturedHccs);
  if (expected.rawScore !== undefined) check('rawScore', current?.rawScore, expected.rawScore);
  for (const want of expected.models ?? []) {
    const part = current?.models?.find(({ model }) => model === want.model);
    check(`${want.model} hccs`, part?.hccs, want.capturedHccs);
    check(`${want.model} rawScore`, part?.rawScore, want.rawScore);
  }
  for (const { kind, hcc, count } of expected.gapCount ?? []) {
    check(
      `count of ${kind} ${hcc}`,
      analysis.gaps.filter((gap) => gap.kind === kind && gap.hcc === hcc).length,
      count,
    );
  }
  if (expected.noGaps) check('gaps', analysis.gaps, []);
  if (expected.allImpactsNull) {
    check(
      'impacts',
      analysis.gaps.map(({ impact }) => impact).filter((impact) => impact !== null),
      [],
    );
  }
  return found;
}

function compareGap(
  analysis: Analysis,
  want: ExpectedGap,
  check: (what: string, got: unknown, want: unknown) => void,
  found: string[],
): void {
  const hccs = want.hccAnyOf ?? [want.hcc];
  const gap = analysis.gaps.find(
    ({ kind, hcc, model }) =>
      kind === want.kind && hccs.includes(hcc) && (want.model === undefined || model === want.model),
  );
  const name = `${want.kind} ${hccs.join('|')}`;
  if (!gap) {
    const have = analysis.gaps.map(({ kind, hcc }) => `${kind} ${hcc}`).join(', ');
    found.push(
      `no ${name}; gaps: ${have}; notGaps: ${analysis.notGaps.map((n) => `${n.hcc} ${n.reason}`).join(', ')}`,
    );
    return;
  }
  for (const field of ['status', 'subKind', 'list', 'direction', 'confidence', 'persistenceClass'] as const) {
    if (want[field] !== undefined) check(`${name} ${field}`, gap[field], want[field]);
  }
  if (want.actBy !== undefined) check(`${name} act.by`, gap.act.by, want.actBy);
  for (const code of want.candidateCodesInclude ?? []) {
    if (!gap.candidateCodes.some((candidate) => candidate.code === code)) {
      found.push(`${name} candidates ${gap.candidateCodes.map(({ code: c }) => c).join()}, want ${code}`);
    }
  }
  if (want.encounterLink !== undefined) {
    check(`${name} encounterLink`, gap.encounterLink?.encounterId ?? null, want.encounterLink);
  }
  for (const reason of want.reasons ?? []) {
    if (!gap.reasons.includes(reason)) found.push(`${name} reasons ${gap.reasons.join()}, want ${reason}`);
  }
  const any = want.ruleOrReasonAnyOf;
  if (any && !any.some((text) => gap.reasons.includes(text) || gap.ruleId.includes(text))) {
    found.push(`${name} reasons ${gap.reasons.join()}, want one of ${any.join()}`);
  }
  if (want.impactStandalone !== undefined)
    check(`${name} standalone`, gap.impact?.standalone, want.impactStandalone);
}

function matches(
  gap: Gap,
  never: { readonly kind: string; readonly hcc?: string; readonly code?: string },
): boolean {
  return (
    gap.kind === never.kind &&
    (never.hcc === undefined || gap.hcc === never.hcc) &&
    (never.code === undefined || gap.candidateCodes.some(({ code }) => code === never.code))
  );
}
