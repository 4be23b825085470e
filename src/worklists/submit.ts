import { type Calendar, finalDeadline, takesAdds } from '../engine/calendar.ts';
import type { IsoDate } from '../engine/dates.ts';
import { judgeEncounters } from '../engine/eligibility.ts';
import type { Encounter, MemberHistory } from '../engine/history.ts';
import { dotted, undotted } from '../engine/icd10.ts';
import { resolveVersions } from '../engine/record-versions.ts';
import type { ReferenceData } from '../engine/reference-data.ts';
import type { TenantTx } from '../store/database.ts';
import type { StoredGap } from '../store/gaps.ts';
import { loadHistories } from '../store/histories.ts';
import { createSubmission, listReviewMarks, listSubmissions } from '../store/reviews.ts';
import { submittingRecords } from './review.ts';
import { type BetterCode, recordedDetail } from './specificity-edit.ts';
import type { TransitionRequest } from './transitions.ts';

export interface SubmitInput {
  readonly gap: StoredGap;
  readonly request: TransitionRequest;
  readonly calendar: Calendar;
  readonly actor: string;
  readonly at: string;
}

interface Refused {
  readonly ok: false;
  readonly problem: 'evidence-required' | 'validation' | 'override-required';
  readonly message: string;
  readonly fields: readonly string[];
  readonly better?: readonly BetterCode[];
}

function refuse(problem: Refused['problem'], message: string, field: string): Refused {
  return { ok: false, problem, message, fields: [field] };
}

/** What the decision stood on, kept with the submission (compliance section 5). */
function basis({ gap, request }: SubmitInput): Readonly<Record<string, unknown>> {
  const { comment, meat, locator, overrideReason } = request;
  const { model, hcc, ruleId, confidence, flags, impact } = gap.gap;
  const finding = { model, hcc, ruleId, confidence, flags, impact, gapVersion: gap.version };
  return { comment, meat, locator, overrideReason, ...finding };
}

/**
 * Writes the add that a coder decided on. The code is one of the candidates, the encounter is the member's own, of
 * the gap's service year and eligible by the rules of its payment year (compliance C-3): never a code alone, and
 * nothing after the final deadline of the year (calendar, CAL-6).
 */
export async function submitAdd(
  tx: TenantTx,
  reference: ReferenceData,
  input: SubmitInput,
): Promise<Refused | null> {
  const { gap, request, calendar } = input;
  const { paymentYear } = gap;
  if (!takesAdds(calendar, paymentYear, input.at.slice(0, 10))) {
    const deadline = finalDeadline(calendar, paymentYear);
    return refuse(
      'validation',
      `payment year ${paymentYear} took adds until ${deadline}; what was submitted wrongly can still be deleted`,
      'to',
    );
  }
  const code = codeOf(gap, request.code);
  if (typeof code !== 'string') return code;
  const [history] = await loadHistories(tx, [gap.memberKey]);
  const encounter = history?.encounters.find(({ encounterId }) => encounterId === request.encounterId);
  if (!history || !encounter) {
    return refuse('evidence-required', 'the encounter is not one of this member', 'encounterId');
  }
  const unfit = unfitness(reference, { history, encounter, gap, asOf: input.at.slice(0, 10) });
  if (unfit !== null) return refuse('evidence-required', unfit, 'encounterId');
  if (!reference.codes.billableOn(code, encounter.to)) {
    return refuse('validation', `${dotted(code)} is not billable on the date of service`, 'code');
  }
  const better =
    request.overrideReason === null
      ? recordedDetail(reference, { history, encounter, code, asOf: input.at.slice(0, 10) })
      : [];
  if (better.length > 0) {
    const codes = better.map(({ code: one }) => one).join(', ');
    return {
      ...refuse(
        'override-required',
        `the record holds detail for ${codes}; to keep ${dotted(code)} say why in overrideReason`,
        'overrideReason',
      ),
      better,
    };
  }
  await write(tx, input, { action: 'add', code, encounter });
  return null;
}

/** The submission of one code on one encounter, with what it stands on. */
async function write(
  tx: TenantTx,
  input: SubmitInput,
  line: { readonly action: 'add' | 'delete'; readonly code: string; readonly encounter: Encounter },
): Promise<void> {
  const { action, code, encounter } = line;
  await createSubmission(tx, {
    gapId: input.gap.gapId,
    memberKey: input.gap.memberKey,
    action,
    code,
    encounterId: encounter.encounterId,
    icn: encounter.icn,
    dos: encounter.to,
    providerNpi: encounter.provider?.npi ?? null,
    evidence: basis(input),
    coder: input.actor,
    createdAt: input.at,
  });
}

function codeOf(gap: StoredGap, asked: string | null): string | Refused {
  const candidates = gap.gap.candidateCodes.map(({ code }) => undotted(code));
  if (asked === null) {
    const [only, ...others] = candidates;
    if (only !== undefined && others.length === 0) return only;
    return refuse('validation', 'say which of the candidate codes the record supports', 'code');
  }
  const code = undotted(asked);
  if (candidates.length === 0 || candidates.includes(code)) return code;
  const submitted = gap.gap.evidence.some((item) => item.code !== null && undotted(item.code) === code);
  if (gap.gap.kind === 'specificity' && submitted) {
    return refuse(
      'override-required',
      'this is the unspecified code as submitted; to keep it, dismiss the gap by override_unspecified and say why',
      'overrideReason',
    );
  }
  return refuse('validation', 'the code is not one of the gap: its HCC would be another', 'code');
}

function unfitness(
  reference: ReferenceData,
  {
    history,
    encounter,
    gap,
    asOf,
  }: {
    readonly history: MemberHistory;
    readonly encounter: Encounter;
    readonly gap: StoredGap;
    readonly asOf: IsoDate;
  },
): string | null {
  const { dosYear } = gap.gap;
  const judged = judgeEncounters(reference.eligibility, resolveVersions(history.encounters, asOf), {
    dosYear,
    lookbackYears: 1,
    asOf,
    coverage: history.coverage,
  }).find((candidate) => candidate.encounter.encounterId === encounter.encounterId);
  if (!judged) return 'the encounter lies after today';
  if (judged.dosYear !== dosYear) return `the encounter is not of the service year ${dosYear}`;
  if (judged.withdrawn) return 'the record was voided, replaced or deleted';
  return judged.verdict.eligible
    ? null
    : `the encounter is not eligible: ${judged.verdict.reasons.join(', ')}`;
}

/**
 * Writes one delete for each submitted diagnosis behind an unsupported finding, unless it waits already. The walk must
 * be whole (gap taxonomy, section 7): the person who moves the gap has read the records that it shows, and every other
 * record of the year that submits the HCC was marked unsupported in its review.
 */
export async function submitDeletes(
  tx: TenantTx,
  reference: ReferenceData,
  input: SubmitInput,
): Promise<Refused | null> {
  const { gap } = input;
  const [history] = await loadHistories(tx, [gap.memberKey]);
  if (!history) return null;
  const asOf = input.at.slice(0, 10);
  const carriers = submittingRecords(reference, history, { dosYear: gap.gap.dosYear, asOf }).flatMap(
    ({ encounterId, hccs }) => {
      const codes = hccs.get(`${gap.gap.model} ${gap.gap.hcc}`);
      return codes ? [{ encounterId, codes }] : [];
    },
  );
  const left = await notFoundWanting(tx, gap, carriers);
  if (left.length > 0) {
    return refuse(
      'validation',
      `HCC ${gap.gap.hcc} is also submitted by ${left.join(', ')}, not found unsupported there: mark them in a review, or dismiss the gap by mark_supported_elsewhere`,
      'reason',
    );
  }
  const waiting = new Set(
    (await listSubmissions(tx, { gapId: gap.gapId, action: 'delete' }, { limit: 1000, after: null }))
      .filter(({ status }) => status !== 'returned' && status !== 'rejected')
      .map(({ code, encounterId }) => `${code} ${encounterId}`),
  );
  for (const { encounterId, codes } of carriers) {
    const encounter = history.encounters.find((candidate) => candidate.encounterId === encounterId);
    for (const code of new Set(codes)) {
      if (!encounter || waiting.has(`${code} ${encounterId}`)) continue;
      await write(tx, input, { action: 'delete', code, encounter });
    }
  }
  return null;
}

/** Records that submit the HCC, are not shown by the gap, and were not found wanting in their review. */
async function notFoundWanting(
  tx: TenantTx,
  { memberKey, gap }: StoredGap,
  carriers: readonly { readonly encounterId: string }[],
): Promise<readonly string[]> {
  const shown = new Set(gap.evidence.map(({ encounterId }) => encounterId));
  const left: string[] = [];
  for (const { encounterId } of carriers) {
    if (shown.has(encounterId)) continue;
    const marks = await listReviewMarks(tx, { memberKey, encounterId });
    const mark = marks.find(({ model, hcc }) => model === gap.model && hcc === gap.hcc)?.mark;
    if (mark !== 'unsupported') left.push(encounterId);
  }
  return left;
}
