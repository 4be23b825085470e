import type { IsoDate } from './dates.ts';
import type { PartD } from './history.ts';
import {
  decimal,
  type PaymentGroup,
  type PaymentParameters,
  type PaymentProgram,
  type PaymentRow,
} from './payment.ts';
import type { ReferenceData } from './reference-data.ts';
import type { ModelId } from './score-contract.ts';
import type { Thousandths } from './thousandths.ts';

export const OVERRIDABLE = ['normalization', 'codingAdjustment', 'blendWeight'] as const;

/** A figure that a tenant sets in place of the payment parameter loaded. null in the scope: whatever it is. */
export interface PaymentOverride {
  readonly paymentYear: number;
  readonly program: PaymentProgram;
  readonly model: ModelId;
  /** Part D calibration. */
  readonly set: string | null;
  readonly partD: PartD | null;
  readonly group: PaymentGroup | null;
  readonly parameter: (typeof OVERRIDABLE)[number];
  /** Decimal of at most three places. */
  readonly value: number;
  readonly why: string;
  readonly by: string;
  readonly on: IsoDate;
}

/** Scope and figure of an override, whoever set it. */
export type PaymentOverrideScope = Omit<PaymentOverride, 'why' | 'by' | 'on'>;

const CELLS = { normalization: 'normalization', codingAdjustment: 'coding', blendWeight: 'weight' } as const;
const NAMES = {
  normalization: 'normalization factor',
  codingAdjustment: 'coding pattern adjustment',
  blendWeight: 'blend weight',
} as const;

function inScope(row: PaymentRow, override: PaymentOverrideScope): boolean {
  return (
    row.paymentYear === override.paymentYear &&
    row.program === override.program &&
    row.model === override.model &&
    (override.set === null || row.set === override.set) &&
    (override.partD === null || row.partD.includes(override.partD)) &&
    (override.group === null || row.group === override.group)
  );
}

/** True when there is a row of the payment parameters that the override is about. */
export function hasPaymentRow(parameters: PaymentParameters, override: PaymentOverrideScope): boolean {
  return parameters.rows.some((row) => inScope(row, override));
}

/**
 * The parameters with a tenant's figures in place of those loaded; a later override outranks an earlier one. The
 * status of a row says what was overridden by whom, when and why, and so does the provenance of every answer that
 * uses it. What no override fills stays missing and is refused as before.
 */
export function withPaymentOverrides(
  parameters: PaymentParameters,
  overrides: readonly PaymentOverride[],
): PaymentParameters {
  return { rows: parameters.rows.map((row) => overrides.reduce(overridden, row)) };
}

function overridden(row: PaymentRow, override: PaymentOverride): PaymentRow {
  if (!inScope(row, override)) return row;
  const { parameter, by, on, why } = override;
  const cell = CELLS[parameter];
  const value: Thousandths = Math.round(override.value * 1000);
  const before = row[cell];
  const figures = `${NAMES[parameter]} ${decimal(value)} in place of ${before === null ? 'none' : decimal(before)}`;
  return { ...row, [cell]: value, status: `${row.status}; ${figures}: overridden by ${by} on ${on}: ${why}` };
}

const tenants = new WeakMap<ReferenceData, Map<string, ReferenceData>>();
/** Sets of overrides remembered at a time, so that what is prepared for a tenant's members is found again. */
const REMEMBERED = 64;

/** The reference data that a tenant is paid by: the very same object where nothing is overridden. */
export function paidBy(reference: ReferenceData, overrides: readonly PaymentOverride[]): ReferenceData {
  if (overrides.length === 0) return reference;
  const known = tenants.get(reference) ?? new Map<string, ReferenceData>();
  tenants.set(reference, known);
  const key = JSON.stringify(overrides);
  const before = known.get(key);
  if (before) return before;
  if (known.size >= REMEMBERED) known.clear();
  const made: ReferenceData = { ...reference, payment: withPaymentOverrides(reference.payment, overrides) };
  known.set(key, made);
  return made;
}
