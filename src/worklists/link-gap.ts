import { type IsoDate, yearOf } from '../engine/dates.ts';
import { type JudgedEncounter, judgeEncounters } from '../engine/eligibility.ts';
import { historyAsOf } from '../engine/history-as-of.ts';
import { undotted } from '../engine/icd10.ts';
import { type LinkCandidate, type LinkSubject, linkCandidates } from '../engine/linkage.ts';
import { resolveVersions } from '../engine/record-versions.ts';
import type { ReferenceData } from '../engine/reference-data.ts';
import type { TenantTx } from '../store/database.ts';
import { chooseLink } from '../store/gap-links.ts';
import { ACTIVE_STATUSES, type StoredGap } from '../store/gaps.ts';
import { loadHistories } from '../store/histories.ts';

/** The encounters that could carry a gap's diagnosis, as of a date. */
export interface LinkProposal {
  readonly subject: LinkSubject;
  readonly candidates: readonly LinkCandidate[];
  /** Whether the encounter that a person chose is still one of them; null: none was chosen. */
  readonly chosenStillEligible: boolean | null;
}

/** Gaps that end in an added or corrected diagnosis; a question has none yet and a delete needs no link of ours. */
export function needsLink({ gap }: Pick<StoredGap, 'gap'>): boolean {
  return gap.direction === 'add' || gap.direction === 'link' || gap.direction === 'refine';
}

/** Eligible encounters of the gap's service year, best first, from what is stored now. */
export async function proposeLinks(
  tx: TenantTx,
  reference: ReferenceData,
  { gap, asOf }: { readonly gap: StoredGap; readonly asOf: IsoDate },
): Promise<LinkProposal> {
  const [loaded] = await loadHistories(tx, [gap.memberKey]);
  if (!loaded) return { subject: subjectOf(gap, new Map()), candidates: [], chosenStillEligible: null };
  const versions = resolveVersions(loaded.encounters, asOf);
  const history = historyAsOf(loaded, asOf, versions);
  const { dosYear } = gap.gap;
  const records = judgeEncounters(reference.eligibility, versions, {
    dosYear,
    lookbackYears: 0,
    asOf,
    coverage: history.coverage,
  });
  const subject = subjectOf(gap, new Map(records.map((record) => [record.encounter.encounterId, record])));
  const candidates = linkCandidates(subject, records, history.conditions);
  return {
    subject,
    candidates,
    chosenStillEligible:
      gap.chosenLink === null
        ? null
        : candidates.some(({ encounterId }) => encounterId === gap.chosenLink?.encounterId),
  };
}

/** The latest statement of the service year stands for the finding: its date, its provider, the encounter it names. */
function subjectOf({ gap }: StoredGap, records: ReadonlyMap<string, JudgedEncounter>): LinkSubject {
  const ofYear = gap.evidence
    .filter(({ date }) => date !== null && yearOf(date) === gap.dosYear)
    .sort((a, b) => ((a.date ?? '') < (b.date ?? '') ? 1 : -1));
  const codes = [
    ...gap.candidateCodes.map(({ code }) => code),
    ...gap.evidence.flatMap(({ code, type }) =>
      code !== null && (type === 'diagnosis' || type === 'condition') ? [code] : [],
    ),
  ].map(undotted);
  const own = ofYear.map(({ encounterId }) => records.get(encounterId ?? '')).find((record) => record);
  const stated = own?.encounter.linkedEncounterId ?? gap.encounterLink?.encounterId ?? null;
  return {
    codes: [...new Set(codes)].sort(),
    dosYear: gap.dosYear,
    dos: gap.encounterLink?.dos ?? own?.encounter.to ?? ofYear[0]?.date ?? null,
    providerNpi: gap.encounterLink?.providerNpi ?? own?.encounter.provider?.npi ?? null,
    named: stated === null ? [] : [stated],
  };
}

export type LinkOutcome =
  | { readonly ok: true; readonly gap: StoredGap }
  | {
      readonly ok: false;
      readonly problem: 'version-conflict' | 'illegal-transition' | 'unprocessable';
      readonly message: string;
    };

/**
 * Keeps the encounter that a person chose for a gap, or takes the choice back (null). Nothing is chosen by the
 * service, and only an encounter that is eligible now can be. The gap's worth does not change: it counts when CMS has
 * the linked record.
 */
export async function linkGap(
  tx: TenantTx,
  reference: ReferenceData,
  choice: {
    readonly gap: StoredGap;
    readonly version: number;
    readonly encounterId: string | null;
    readonly comment: string | null;
    readonly actor: string;
    readonly role: string;
    readonly at: string;
  },
): Promise<LinkOutcome> {
  const { gap, encounterId, actor, role, at, version, comment } = choice;
  if (gap.version !== version) return conflict();
  if (!needsLink(gap) || !ACTIVE_STATUSES.some((status) => status === gap.workflowStatus)) {
    return {
      ok: false,
      problem: 'illegal-transition',
      message: 'only an add, a refinement or a link that is being worked on takes an encounter',
    };
  }
  const { candidates } = await proposeLinks(tx, reference, { gap, asOf: at.slice(0, 10) });
  const place = candidates.findIndex((candidate) => candidate.encounterId === encounterId);
  const found = candidates[place];
  if (encounterId !== null && !found) {
    return {
      ok: false,
      problem: 'unprocessable',
      message: `the encounter is not an eligible one of this member and the service year ${gap.gap.dosYear}`,
    };
  }
  const changed = await chooseLink(tx, {
    gapId: gap.gapId,
    version,
    actor,
    role,
    at,
    link: found
      ? {
          encounterId: found.encounterId,
          icn: found.icn,
          dos: found.dos,
          providerNpi: found.providerNpi,
          status: found.status,
          chosenBy: actor,
          chosenAt: at,
        }
      : null,
    detail: {
      encounterId,
      before: gap.chosenLink?.encounterId ?? null,
      place: found ? place + 1 : null,
      candidates: candidates.length,
      comment,
    },
  });
  return changed ? { ok: true, gap: changed } : conflict();
}

function conflict(): LinkOutcome {
  return { ok: false, problem: 'version-conflict', message: 'someone else changed this gap first' };
}
