import type { Gap } from '../engine/analysis-contract.ts';
import { daysBetween, type IsoDate } from '../engine/dates.ts';
import type { PriorityPart, PriorityPartName } from '../store/priority-parts.ts';

/** Points that each part is worth at most (`impact`: for one RAF point). Whole numbers, set by the tenant. */
export type PriorityWeights = Readonly<Record<PriorityPartName, number>>;

/**
 * Defaults. `complianceFirst` exceeds the four parts below `impact` together: a delete never sorts below an add of
 * equal absolute impact, whatever else is said for the add (gap taxonomy, section 7; compliance C-1).
 */
export const DEFAULT_PRIORITY_WEIGHTS: PriorityWeights = {
  complianceFirst: 150,
  impact: 1000,
  deadline: 40,
  confidence: 30,
  visitSoon: 20,
  findingAge: 10,
};

/** Parts that could lift an add above a delete of the same size, were `complianceFirst` not above their sum. */
const LIFTING = ['deadline', 'confidence', 'visitSoon', 'findingAge'] as const;

/** What is wrong with a choice of weights, in words; null when they keep the law of {@link priorityParts}. */
export function weightFault(weights: PriorityWeights): string | null {
  const lifting = LIFTING.reduce((sum, name) => sum + weights[name], 0);
  return weights.complianceFirst > lifting
    ? null
    : `complianceFirst must exceed deadline, confidence, visitSoon and findingAge together (${lifting}): ` +
        'a delete may not sort below an add of equal absolute impact';
}

export interface PriorityContext {
  readonly asOf: IsoDate;
  readonly nextAppointment: IsoDate | null;
  /** When the gap was first found. */
  readonly foundOn: IsoDate;
}

export interface Priority {
  readonly parts: readonly PriorityPart[];
  /** Sum of the parts' points: the order of a list, higher first. */
  readonly total: number;
}

const CONFIDENCE = { high: 1, medium: 0.5, low: 0 } as const;
/** A date this far away adds nothing. */
const WEEKS = 26;
/** A visit this far away adds nothing (KPIs, section 2: visit opportunity looks 60 days ahead). */
const VISIT_DAYS = 60;

/**
 * Place of a gap in its list as a sum of named parts, each `value` (0 to 1; impact: absolute RAF) times `weight`,
 * rounded to whole points. One formula for adds and deletes. A gap without an impact (new enrollee, ESRD) has 0 for
 * it and is not left out. Dates count in whole weeks, so that a list does not change every night.
 * Laws: `total` is the sum of the points; no delete has fewer points than an add of equal absolute impact.
 */
export function priorityParts(
  gap: Pick<Gap, 'impact' | 'direction' | 'confidence' | 'act'>,
  context: PriorityContext,
  weights: PriorityWeights = DEFAULT_PRIORITY_WEIGHTS,
): Priority {
  const part = (name: PriorityPartName, value: number, why: string): PriorityPart => {
    const shown = Math.round(value * 1000) / 1000;
    // In thousandths: 0.5 points are rounded the same way on both sides of a decimal fraction.
    return {
      name,
      value: shown,
      weight: weights[name],
      points: Math.round((Math.round(value * 1000) * weights[name]) / 1000),
      why,
    };
  };
  const parts = [
    part('complianceFirst', ...complianceFirst(gap)),
    part('impact', ...impact(gap)),
    part('deadline', ...deadline(gap, context)),
    part('confidence', CONFIDENCE[gap.confidence], `confidence is ${gap.confidence}`),
    part('visitSoon', ...visitSoon(context)),
    part('findingAge', ...findingAge(context)),
  ];
  return { parts, total: parts.reduce((sum, { points }) => sum + points, 0) };
}

type Measured = readonly [value: number, why: string];

function complianceFirst({ direction }: Pick<Gap, 'direction'>): Measured {
  return direction === 'delete'
    ? [1, 'a submitted diagnosis is in doubt: looked at before adds of the same size']
    : [0, 'no submitted diagnosis is in doubt'];
}

/** Without figures in words: who may not see RAF sees why all the same. */
function impact({ impact: worth }: Pick<Gap, 'impact'>): Measured {
  return worth === null
    ? [0, 'no figure: a new enrollee, an ESRD member, or a parameter that is not established']
    : [Math.abs(worth.standalone), 'absolute change of the raw score, by rescoring; adds and deletes alike'];
}

function deadline({ act }: Pick<Gap, 'act'>, { asOf }: PriorityContext): Measured {
  if (act.by === null) return [0, 'no date to act by'];
  const days = daysBetween(asOf, act.by);
  if (days < 0) return [1, `the date to act by, ${act.by}, has passed`];
  const weeks = Math.floor(days / 7);
  return [nearness(weeks, WEEKS), `to be acted on by ${act.by}, ${count(weeks, 'whole week')} left`];
}

function visitSoon({ asOf, nextAppointment }: PriorityContext): Measured {
  if (nextAppointment === null || nextAppointment < asOf) return [0, 'no visit is planned'];
  const days = daysBetween(asOf, nextAppointment);
  return days > VISIT_DAYS
    ? [0, `the next visit is on ${nextAppointment}, more than ${VISIT_DAYS} days away`]
    : [nearness(days, VISIT_DAYS), `the next visit is on ${nextAppointment}`];
}

function findingAge({ asOf, foundOn }: PriorityContext): Measured {
  const weeks = Math.floor(Math.max(0, daysBetween(foundOn, asOf)) / 7);
  return [
    Math.min(1, weeks / WEEKS),
    weeks === 0 ? 'found less than a week ago' : `found ${count(weeks, 'whole week')} ago`,
  ];
}

function nearness(distance: number, reach: number): number {
  return Math.max(0, 1 - distance / reach);
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}
