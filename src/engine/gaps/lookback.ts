import type { NotGap } from '../analysis-contract.ts';
import { bySubmission, type Submission } from '../captured.ts';
import type { IsoDate } from '../dates.ts';
import { compareHccs } from '../model.ts';
import type { AnalysisContext, ModelPart } from './context.ts';
import { listed, named, notGap } from './explain.ts';
import { chronicByCode, classOf, neverRecaptured } from './persistence.ts';
import type { PersistenceClass } from './tables.ts';

/** An HCC of the look-back that its class permits to ask about again, with the diagnoses behind it. */
export interface LookbackHcc {
  readonly hcc: string;
  readonly class: PersistenceClass;
  /** Class that led here; `acute_on_chronic` when the HCC is the chronic base of another one. */
  readonly via: PersistenceClass;
  /** After the drops, by date. */
  readonly behind: readonly Submission[];
  readonly lastDos: IsoDate;
}

export interface LookbackResult {
  readonly hccs: readonly LookbackHcc[];
  readonly notGaps: readonly NotGap[];
}

/** "Use, unspecified" with a psychotic or other disorder (F1x.9-): no disorder is stated, so there is no base. */
const USE_UNSPECIFIED = /^F1\d9/;

interface Open {
  class: PersistenceClass;
  via: PersistenceClass;
  behind: Submission[];
}

/**
 * Candidates of kind (a) in one model: the union over the look-back of H(CC(m, y)), reduced by the code lists and the
 * persistence class (gap taxonomy, section 2, first part of the algorithm).
 */
export function lookbackHccs(context: AnalysisContext, part: ModelPart): LookbackResult {
  const all = new Map<string, Submission[]>();
  for (const year of part.lookback) {
    for (const hcc of year.surviving) {
      const behind = all.get(hcc) ?? [];
      behind.push(...(year.categories.get(hcc) ?? []));
      all.set(hcc, behind);
    }
  }
  const open = new Map<string, Open>();
  const notGaps: NotGap[] = [];
  for (const hcc of [...all.keys()].sort(compareHccs)) {
    const outcome = reduce(context, part, hcc, all.get(hcc) ?? []);
    if (outcome.dropped) notGaps.push(outcome.dropped);
    else add(open, outcome.hcc, outcome);
  }
  const hccs = [...open].map(([hcc, found]): LookbackHcc => {
    const behind = [...new Set(found.behind)].sort(bySubmission);
    return { hcc, class: found.class, via: found.via, behind, lastDos: behind.at(-1)?.date ?? '' };
  });
  return { hccs, notGaps };
}

type Reduced =
  | { readonly dropped: NotGap }
  | {
      readonly dropped: null;
      readonly hcc: string;
      readonly class: PersistenceClass;
      readonly via: PersistenceClass;
      readonly behind: readonly Submission[];
    };

function add(open: Map<string, Open>, hcc: string, found: Extract<Reduced, { dropped: null }>): void {
  const known = open.get(hcc);
  if (!known) {
    open.set(hcc, { class: found.class, via: found.via, behind: [...found.behind] });
    return;
  }
  known.behind.push(...found.behind);
  // The HCC in its own right outranks its part as the base of another one.
  if (found.via !== 'acute_on_chronic') known.via = found.via;
}

function reduce(
  context: AnalysisContext,
  part: ModelPart,
  hcc: string,
  sent: readonly Submission[],
): Reduced {
  const allowed = sent.filter(({ code }) => !neverRecaptured(context, part, hcc, code));
  if (allowed.length === 0) {
    return dropped(
      context,
      hcc,
      sent,
      'not_chronic_code',
      'such a code never shows that the condition lasts',
    );
  }
  const classes = new Map(allowed.map(({ code }) => [code, classOf(context, part, hcc, code)]));
  const lasting = allowed.filter(({ code }) => classes.get(code) !== 'acute');
  if (lasting.length === 0) {
    const why = 'an acute condition is never asked about from history';
    return dropped(context, hcc, allowed, 'acute_not_recapturable', why);
  }
  const chronic = lasting.filter(({ code }) => {
    const persistence = classes.get(code);
    if (persistence === 'mixed') return chronicByCode(context, code);
    return persistence !== 'acute_on_chronic' || !USE_UNSPECIFIED.test(code);
  });
  if (chronic.length === 0) {
    const stated = lasting.some(({ code }) => classes.get(code) === 'acute_on_chronic')
      ? statedBase(context, part, hcc)
      : null;
    if (stated) return stated;
    return dropped(context, hcc, lasting, 'not_chronic_code', 'no code behind it is a chronic one');
  }
  const own = chronic.filter(({ code }) => classes.get(code) !== 'acute_on_chronic');
  const last = own.at(-1) ?? chronic.at(-1);
  const via = (last && classes.get(last.code)) ?? 'acute';
  if (own.length > 0) return { dropped: null, hcc, class: via, via, behind: chronic };
  return chronicBase(context, part, hcc, chronic);
}

/**
 * The base of an HCC that only "use, unspecified" codes give: none from these, but another code of the look-back may
 * state it (F10.951 beside F10.20), in its own right.
 */
function statedBase(context: AnalysisContext, part: ModelPart, hcc: string): Reduced | null {
  for (const base of context.reference.gaps.acuteOnChronic.get(part.id)?.get(hcc) ?? []) {
    const behind = heldBy(context, part, base).filter(({ code }) => !USE_UNSPECIFIED.test(code));
    const last = behind.at(-1);
    if (!last) continue;
    const persistence = classOf(context, part, base, last.code);
    return { dropped: null, hcc: base, class: persistence, via: persistence, behind };
  }
  return null;
}

/** Look-back diagnoses of an HCC, surviving or not, that may make a recapture gap. */
function heldBy(context: AnalysisContext, part: ModelPart, hcc: string): readonly Submission[] {
  return part.lookback.flatMap(({ categories }) =>
    (categories.get(hcc) ?? []).filter(({ code }) => !neverRecaptured(context, part, hcc, code)),
  );
}

/** Replaces an acute-on-chronic HCC by the first of its bases that the look-back holds, else by the last one. */
function chronicBase(
  context: AnalysisContext,
  part: ModelPart,
  hcc: string,
  acute: readonly Submission[],
): Reduced {
  const bases = context.reference.gaps.acuteOnChronic.get(part.id)?.get(hcc) ?? [hcc];
  const base =
    bases.find((candidate) => candidate !== hcc && heldBy(context, part, candidate).length > 0) ??
    bases.at(-1) ??
    hcc;
  const behind = base === hcc ? acute : [...heldBy(context, part, base), ...acute];
  const own = behind.find(({ code }) => part.pastHccsOf(code).includes(base));
  const persistence =
    part.id === 'cms-hcc-v28'
      ? (context.reference.gaps.persistence.get(base)?.class ?? 'chronic')
      : own && !acute.includes(own)
        ? classOf(context, part, base, own.code)
        : 'chronic';
  return { dropped: null, hcc: base, class: persistence, via: 'acute_on_chronic', behind };
}

function dropped(
  context: AnalysisContext,
  hcc: string,
  behind: readonly Submission[],
  reason: 'not_chronic_code' | 'acute_not_recapturable',
  why: string,
): Reduced {
  const codes = [...new Set(behind.map(({ code }) => code))].sort();
  const last = behind.at(-1)?.code ?? '';
  const subject = listed(codes.map((code) => named(context, code)));
  return { dropped: notGap(hcc, last, reason, `Coded in the look-back: ${subject}; ${why}.`) };
}

/** One gap per family: the HCC with the latest date of service, on the same date the dominating one. */
export function onePerFamily(part: ModelPart, hccs: readonly LookbackHcc[]): readonly LookbackHcc[] {
  const { hierarchy } = part.model;
  const ordered = [...hccs].sort((a, b) => {
    if (a.lastDos !== b.lastDos) return a.lastDos > b.lastDos ? -1 : 1;
    if (hierarchy.dominators(b.hcc).has(a.hcc)) return -1;
    if (hierarchy.dominators(a.hcc).has(b.hcc)) return 1;
    return compareHccs(a.hcc, b.hcc);
  });
  const kept: LookbackHcc[] = [];
  for (const candidate of ordered) {
    const family = hierarchy.family(candidate.hcc);
    if (!kept.some(({ hcc }) => family.has(hcc))) kept.push(candidate);
  }
  return kept.sort((a, b) => compareHccs(a.hcc, b.hcc));
}
