import type { AnalysisOptions, NotGap, YearState } from './analysis-contract.ts';
import { decideGaps, prepareContext } from './analyze.ts';
import type { Calendar } from './calendar.ts';
import { type IsoDate, yearOf } from './dates.ts';
import type { AnalysisContext, ModelPart } from './gaps/context.ts';
import type { MemberHistory } from './history.ts';
import { dotted } from './icd10.ts';
import { compareHccs } from './model.ts';
import type { PaymentOverride } from './payment-overrides.ts';
import type { ReferenceData } from './reference-data.ts';
import type { ModelId } from './score-contract.ts';
import type { RuleSelection } from './suspects/evaluate.ts';

/** What captured an HCC: one diagnosis of one eligible record. */
export interface Capture {
  readonly encounterId: string;
  readonly date: IsoDate;
  /** Dotted. */
  readonly code: string;
  readonly source: string;
  readonly providerNpi: string | null;
}

export interface TimelineHcc {
  readonly hcc: string;
  readonly label: string;
  /** null: it counts; else the HCC above it that drops it. */
  readonly droppedBy: string | null;
  readonly capturedBy: readonly Capture[];
}

export interface TimelineModel {
  readonly model: ModelId;
  readonly segment: string;
  readonly hccs: readonly TimelineHcc[];
  /** Codes that gave an HCC the year before and, sent again, would give none in this year's models. */
  readonly lost: readonly {
    readonly code: string;
    readonly hcc: string;
    readonly formerModel: ModelId;
    readonly encounterIds: readonly string[];
  }[];
}

export interface TimelineYear {
  readonly paymentYear: number;
  readonly dosYear: number;
  readonly yearState: YearState | null;
  readonly models: readonly TimelineModel[];
  /** What is no gap and why: closed, lost with its model, not to be asked. */
  readonly notGaps: readonly NotGap[];
  /** Why there is nothing: no model announced, a program without gap rules. */
  readonly refused: string | null;
}

/** Payment years a person's timeline goes back. */
const MOST_YEARS = 6;

/**
 * A member's HCCs by payment year, oldest first, each year by the models in force for it: what captured each, what a
 * hierarchy drops, and which codes of the year before stopped counting because the model changed.
 */
export function hccTimeline(
  reference: ReferenceData,
  history: MemberHistory,
  given: {
    readonly asOf: IsoDate;
    readonly lookbackYears: number;
    readonly calendar: Calendar;
    readonly suspecting: RuleSelection;
    /** Payment parameters that the tenant sets in place of those loaded. */
    readonly paymentOverrides?: readonly PaymentOverride[];
  },
): readonly TimelineYear[] {
  const seen = history.encounters.map(({ to }) => yearOf(to)).filter((year) => year <= yearOf(given.asOf));
  const last = yearOf(given.asOf) + 1;
  const first = Math.max(last - MOST_YEARS + 1, Math.min(last, ...seen.map((year) => year + 1)));
  const years: TimelineYear[] = [];
  let before: AnalysisContext | null = null;
  for (let paymentYear = first; paymentYear <= last; paymentYear++) {
    const options: AnalysisOptions = { ...given, paymentYear, kinds: null };
    const prepared = prepareContext(reference, history, options);
    if (!prepared.ok) {
      const { message } = prepared.error;
      const empty = { paymentYear, dosYear: paymentYear - 1, yearState: null, models: [], notGaps: [] };
      years.push({ ...empty, refused: message });
      before = null;
      continue;
    }
    const context = prepared.value;
    years.push({
      paymentYear,
      dosYear: context.dosYear,
      yearState: context.yearState,
      models: context.parts.map((part) => modelOf(part, context, before)),
      notGaps: decideGaps(context).notGaps,
      refused: null,
    });
    before = context;
  }
  return years;
}

function modelOf(part: ModelPart, context: AnalysisContext, before: AnalysisContext | null): TimelineModel {
  const { categories } = part.captured;
  const droppedBy = new Map(
    part.scorer.score(categories.keys()).dropped.map((row) => [row.hcc, row.droppedBy]),
  );
  return {
    model: part.id,
    segment: part.scorer.segment,
    hccs: [...categories]
      .sort(([a], [b]) => compareHccs(a, b))
      .map(([hcc, submissions]) => ({
        hcc,
        label: part.model.labels.get(hcc) ?? hcc,
        droppedBy: droppedBy.get(hcc) ?? null,
        capturedBy: submissions.map(({ code, date, record: { encounter } }) => ({
          encounterId: encounter.encounterId,
          date,
          code: dotted(code),
          source: encounter.source,
          providerNpi: encounter.provider?.npi ?? null,
        })),
      })),
    // Said once, beside the newest model: a code is lost when no model of the year maps it.
    lost: part === context.parts[0] && before !== null ? lostCodes(context, before) : [],
  };
}

function lostCodes(context: AnalysisContext, before: AnalysisContext): TimelineModel['lost'] {
  const lost = new Map<string, { code: string; hcc: string; formerModel: ModelId; encounterIds: string[] }>();
  for (const former of before.parts) {
    for (const [hcc, submissions] of former.captured.categories) {
      for (const { code, record } of submissions) {
        if (context.parts.some((part) => part.pastHccsOf(code).length > 0)) continue;
        const key = `${former.id} ${hcc} ${code}`;
        const row = lost.get(key) ?? { code: dotted(code), hcc, formerModel: former.id, encounterIds: [] };
        row.encounterIds.push(record.encounter.encounterId);
        lost.set(key, row);
      }
    }
  }
  return [...lost.keys()].sort().flatMap((key) => lost.get(key) ?? []);
}
