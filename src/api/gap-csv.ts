import type { FieldMask } from './masks.ts';

/** CSV column → the field of a stored gap that it shows. */
const COLUMNS = {
  gapId: ['gapId'],
  memberKey: ['memberKey'],
  memberId: ['memberId'],
  paymentYear: ['paymentYear'],
  dosYear: ['dosYear'],
  list: ['list'],
  kind: ['kind'],
  direction: ['direction'],
  status: ['status'],
  workflowStatus: ['workflowStatus'],
  assignee: ['assignee'],
  version: ['version'],
  model: ['model'],
  hcc: ['hcc'],
  hccLabel: ['hccLabel'],
  candidateCodes: ['candidateCodes'],
  evidence: ['evidence'],
  confidence: ['confidence'],
  flags: ['flags'],
  reasons: ['reasons'],
  impactStandalone: ['impact', 'standalone'],
  impactIncremental: ['impact', 'incremental'],
  impactShapley: ['impact', 'shapley'],
  impactPayment: ['impact', 'payment'],
  actBy: ['act', 'by'],
  actWho: ['act', 'who'],
  providerNpi: ['providerNpi'],
  contractId: ['contractId'],
  nextAppointment: ['nextAppointment'],
  anchorEncounterId: ['encounterLink', 'encounterId'],
  anchorIcn: ['encounterLink', 'icn'],
  anchorDos: ['encounterLink', 'dos'],
  anchorStatus: ['encounterLink', 'status'],
  priority: ['priority'],
  orderReasons: ['orderReasons'],
  ruleId: ['ruleId'],
  explanation: ['explanation'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** Columns that the mask leaves; the header must not even name what a role may not see. */
export function shownColumns(mask: FieldMask | null): string[] {
  return Object.entries(COLUMNS)
    .filter(([, path]) => !path.some((field) => mask?.has(field)))
    .map(([name]) => name);
}

function valueAt(item: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, field) => (typeof value === 'object' && value !== null ? Reflect.get(value, field) : undefined),
    item,
  );
}

/** A masked stored gap as a CSV row. */
export function gapRow(item: unknown): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(COLUMNS).map(([name, path]) => {
      const value = valueAt(item, path);
      if (!Array.isArray(value)) return [name, value];
      if (name === 'candidateCodes') return [name, value.map((candidate) => valueAt(candidate, ['code']))];
      return [name, name === 'evidence' ? value.map(evidenceText) : value];
    }),
  );
}

/** `A41.9 2026-04-24 E1 claim`: what was found, when, on which encounter, in which source; what is unknown is left out. */
function evidenceText(item: unknown): string {
  return ['code', 'date', 'encounterId', 'source']
    .map((field) => valueAt(item, [field]))
    .filter((part) => typeof part === 'string')
    .join(' ');
}
