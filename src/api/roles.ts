/**
 * Who may do what: role by route, and role by field. This file is the only place that says so; one hook applies
 * the first table (plugins/access.ts), one function the second (masks.ts). docs/roles.md is printed from both.
 */
export const ROLES = ['coder', 'lead', 'auditor', 'analyst', 'submitter', 'provider', 'admin'] as const;
export type Role = (typeof ROLES)[number];

export const ROLE_TEXT: Readonly<Record<Role, string>> = {
  coder: 'works the lists: claims gaps, moves them, asks queries',
  lead: 'second reviewer and compliance: assigns, approves deletes, reopens; never releases own decisions',
  auditor: 'reads everything of the tenant, the audit log too; changes nothing',
  analyst: 'scores, analyses and reports on populations',
  submitter: 'a system that sends extracts and follows their batches',
  provider: 'a clinician or an EHR: questions about conditions, without codes offered, RAF or money',
  admin: "the tenant's administrator: keys and settings",
};

const everyone: readonly Role[] = ROLES;
const readers: readonly Role[] = ['coder', 'lead', 'auditor', 'analyst', 'admin'];
const calculators: readonly Role[] = ['coder', 'lead', 'auditor', 'analyst', 'submitter', 'admin'];
const extractSenders: readonly Role[] = ['submitter', 'lead', 'analyst', 'admin'];
const extractReaders: readonly Role[] = ['submitter', 'lead', 'auditor', 'analyst', 'admin'];
const listReaders: readonly Role[] = ['coder', 'lead', 'auditor', 'analyst', 'provider', 'admin'];
const workers: readonly Role[] = ['coder', 'lead'];
const reporters: readonly Role[] = ['lead', 'auditor', 'analyst', 'admin'];

/** Operation id of every `/v1` route → the roles that may call it. A route that is not listed does not start. */
export const ACCESS = {
  scoreRaf: calculators,
  impactRaf: calculators,
  blendRaf: calculators,
  compareRaf: calculators,
  scoreMemberMonths: calculators,
  analyze: ['coder', 'lead', 'auditor', 'analyst', 'submitter', 'provider', 'admin'],

  createBatch: extractSenders,
  listBatches: extractReaders,
  getBatch: extractReaders,
  getBatchRejects: extractReaders,
  cancelBatch: extractSenders,

  lookUpMember: [...readers, 'provider'],
  getMember: readers,
  getMemberHistory: readers,
  getMemberRaf: readers,
  getMemberMonths: readers,
  getMemberGaps: listReaders,
  getMemberTimeline: readers,

  getWorklist: listReaders,
  getUnspecifiedWorklist: readers,
  getVisitWorklist: listReaders,
  claimGaps: workers,
  assignGaps: ['lead'],

  getGap: listReaders,
  explainGap: listReaders,
  getLinkCandidates: readers,
  linkGap: workers,
  getGapEvents: readers,
  moveGap: ['coder', 'lead', 'provider'],
  moveGaps: workers,
  undoGap: ['coder', 'lead', 'provider'],
  listSavedFilters: [...workers, 'auditor', 'analyst', 'provider', 'admin'],
  saveFilter: [...workers, 'auditor', 'analyst', 'provider', 'admin'],
  deleteSavedFilter: [...workers, 'auditor', 'analyst', 'provider', 'admin'],
  listSecondReviews: ['lead', 'auditor'],
  giveVerdict: ['lead'],

  createQuery: workers,
  listQueries: [...workers, 'auditor', 'provider'],
  getQuery: [...workers, 'auditor', 'provider'],
  sendQuery: workers,
  remindQuery: workers,
  withdrawQuery: workers,
  answerQuery: ['provider'],

  getReview: [...workers, 'auditor'],
  markReview: workers,
  listSubmissions: [...workers, 'auditor', 'analyst', 'submitter', 'admin'],
  approveSubmission: ['lead'],
  returnSubmission: ['lead'],
  releaseSubmissions: ['lead'],
  recordResponse: ['lead', 'submitter'],
  listReleases: ['lead', 'auditor', 'submitter'],
  getReleaseFile: ['lead', 'auditor', 'submitter'],
  settleReturns: ['lead', 'submitter'],

  getRafAnalytics: reporters,
  getRafTrend: reporters,
  getPrevalence: reporters,
  getExpectedPrevalence: reporters,
  comparePopulation: reporters,
  comparePopulationMembers: reporters,
  getDrivers: reporters,
  getAddsAndDeletes: reporters,
  getRecapture: reporters,
  getRecaptureCurve: reporters,
  getCoders: ['lead', 'auditor', 'admin'],
  getQueryReport: reporters,
  getCodingPatterns: ['lead', 'provider'],
  getBacklog: reporters,
  getReviewYield: reporters,
  getDeidentified: reporters,
  getPaidReconciliation: reporters,
  getChartReviewLinkage: reporters,

  listModels: calculators,
  listHccs: calculators,
  getHcc: calculators,
  getCode: calculators,
  listSuspectRules: calculators,
  getCalendar: everyone,

  createKey: ['admin'],
  listKeys: ['admin', 'auditor'],
  rotateKey: ['admin'],
  revokeKey: ['admin'],
  getTenant: ['admin', 'auditor'],
  getSettings: ['admin', 'auditor', 'lead'],
  updateSettings: ['admin'],
  listHolds: ['admin', 'auditor'],
  placeHold: ['admin'],
  liftHold: ['admin'],
  eraseMember: ['admin'],
  listErasures: ['admin', 'auditor'],
  getAuditPacket: ['lead', 'auditor'],
  listAudit: ['auditor'],
  verifyAudit: ['auditor'],
} as const satisfies Readonly<Record<string, readonly Role[]>>;

export type OperationId = keyof typeof ACCESS;

/** True when the table lets the role call the operation; unknown operations are refused. */
export function mayCall(role: Role, operationId: string): boolean {
  const allowed: Readonly<Record<string, readonly Role[]>> = ACCESS;
  return allowed[operationId]?.includes(role) ?? false;
}

/** Groups of answer fields, by name, that a role may be kept from. Names hold anywhere in an answer. */
export const FIELD_GROUPS = {
  raf: [
    'raf',
    'rafScores',
    'impact',
    'rawScore',
    'payment',
    'paymentScore',
    'score',
    'factors',
    'baseline',
    'difference',
    'joint',
    'standalone',
    'incremental',
    'shapley',
    'coefficient',
    'coefficients',
    'normalization',
    'codingAdjustment',
    'blendWeight',
    'netRaf',
    'totals',
    'weight',
    'priority',
    'priorityParts',
    'noScore',
    'scoreChain',
    'priorityWeights',
  ],
  money: ['dollars', 'amountCents', 'baseRate', 'currency'],
  hcc: [
    'hcc',
    'hccs',
    'hccLabel',
    'hccsBeforeHierarchy',
    'dropped',
    'droppedBy',
    'paymentHccCount',
    'persistenceClass',
    'subKind',
    'model',
    'models',
    'ruleId',
    'notEvaluable',
    'notGaps',
    // Worded for coders: names HCCs, tests and weights.
    'explanation',
    'reason',
    'reasons',
    'flags',
    'orderReasons',
    'ruleApplied',
    'codeChain',
    'hierarchyChain',
    'scoreChain',
  ],
  candidates: ['candidateCodes', 'siblings', 'gapReasons'],
  confidence: ['confidence'],
} as const satisfies Readonly<Record<string, readonly string[]>>;
export type FieldGroup = keyof typeof FIELD_GROUPS;

/**
 * Field groups hidden from a role. The provider never sees RAF, money, HCC numbers, codes offered or tiers
 * (compliance CQ-5, CQ-13; no setting turns this off). The coder sees RAF only where the tenant says so.
 */
export function hiddenGroups(
  role: Role,
  settings: { readonly coderSeesRaf: boolean },
): readonly FieldGroup[] {
  if (role === 'provider') return ['raf', 'money', 'hcc', 'candidates', 'confidence'];
  if (role === 'coder' && !settings.coderSeesRaf) return ['raf', 'money'];
  return [];
}
