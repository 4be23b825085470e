import type { AnalyzeHistory } from '../../src/analysis/analyze-member.ts';
import type { Analysis, Gap } from '../../src/engine/analysis-contract.ts';
import type { MemberHistory } from '../../src/engine/history.ts';
import type { ScoreResult } from '../../src/engine/score-contract.ts';

/** A score of nobody: what the store keeps of scores does not depend on the figures. */
export function madeUpScore(
  paymentYear: number,
  rawScore: number,
  hccs: readonly string[] = [],
): ScoreResult {
  return {
    id: null,
    model: 'cms-hcc-v28',
    paymentYear,
    segment: 'CNA',
    hccsBeforeHierarchy: hccs,
    hccs,
    dropped: [],
    paymentHccCount: hccs.length,
    factors: [],
    rawScore,
    payment: null,
    unmapped: [],
    pending: [],
    invalid: [],
    assumptions: [],
    provenance: [],
  };
}

function madeUpGap(history: MemberHistory, paymentYear: number, code: string): Gap {
  const visit = history.encounters.find((encounter) =>
    encounter.diagnoses.some((item) => item.code === code),
  );
  return {
    gapId: `${history.memberId}.${paymentYear}.${code}`,
    kind: 'recapture',
    status: 'open',
    subKind: null,
    reasons: [],
    flags: [],
    list: 'prospective',
    direction: 'add',
    model: 'cms-hcc-v28',
    hcc: code,
    hccLabel: 'made up',
    dosYear: paymentYear - 1,
    candidateCodes: [{ code, description: 'made up', hcc: code }],
    persistenceClass: 'chronic',
    evidence: history.encounters
      .filter((encounter) => encounter.diagnoses.some((item) => item.code === code))
      .map((encounter) => ({
        type: 'diagnosis' as const,
        code,
        date: encounter.to,
        encounterId: encounter.encounterId,
        source: encounter.source,
        eligible: true,
      })),
    encounterLink: null,
    impact: { standalone: 0.36, incremental: 0.36, shapley: 0.36, payment: 0.33 },
    confidence: 'medium',
    ruleId: 'made.up',
    act: { by: `${paymentYear - 1}-12-31`, who: 'provider' },
    explanation: `made up from ${visit?.encounterId ?? 'nowhere'}`,
  };
}

/**
 * Stands in for the engine where a test is about the store and the queue: every diagnosis of 2025 is an open gap of
 * its own until the code is on an encounter of the DOS year.
 */
export const madeUpAnalysis: AnalyzeHistory = (history, options) => {
  const { paymentYear, asOf } = options;
  const codesOf = (year: number) =>
    new Set(
      history.encounters
        .filter((encounter) => encounter.to.startsWith(String(year)) && encounter.claimStatus !== 'void')
        .flatMap((encounter) => encounter.diagnoses.map((item) => item.code)),
    );
  const captured = [...codesOf(paymentYear - 1)].sort();
  const open = [...codesOf(paymentYear - 2)].filter((code) => !captured.includes(code)).sort();
  const value: Analysis = {
    memberId: history.memberId,
    paymentYear,
    dosYear: paymentYear - 1,
    asOf,
    yearState: 'prospective_open',
    raf: {
      current: madeUpScore(paymentYear, 0.5 + captured.length, captured),
      ifAllClosed: madeUpScore(paymentYear, 0.5 + captured.length + open.length),
    },
    gaps: open.map((code) => madeUpGap(history, paymentYear, code)),
    notGaps: [],
    unspecified: [],
    notEvaluable: [],
    encounters: [],
  };
  return { ok: true, value };
};

/** A calendar in which nothing is known but the rule. */
export const RULE_CALENDAR = { runs: [] };
