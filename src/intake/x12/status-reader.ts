import type { EncounterStatusRecord } from '../../store/records.ts';
import type { Located } from './claim-draft.ts';
import type { Segment } from './tokenizer.ts';
import { idText } from './values.ts';

/** One claim of a 277CA (005010X214): loop 2200D under a patient level. */
export interface StatusDraft {
  readonly trn: Located;
  readonly memberId: string | null;
  readonly statuses: Located[];
  icn: string | null;
  raw: string;
}

/** Reads claim-level answers out of a 277CA; file, submitter and provider levels are passed over. Holds one claim. */
export class StatusReader {
  #patient = false;
  #memberId: string | null = null;
  #draft: StatusDraft | null = null;

  read(segment: Segment, row: number, position: number): StatusDraft | null {
    const { elements } = segment;
    const [id = '', first = '', second = ''] = elements;
    if (id === 'HL') {
      const done = this.end();
      this.#patient = elements[3] === 'PT' || elements[3] === '23' || elements[3] === '22';
      this.#memberId = null;
      return done;
    }
    if (!this.#patient) return null;
    if (id === 'NM1') this.#memberId = idText(elements[9]);
    else if (id === 'TRN' && first === '2') {
      const done = this.end();
      const raw = segment.text + segment.separators.terminator;
      const trn: Located = { row, position, elements };
      this.#draft = { trn, memberId: this.#memberId, statuses: [], icn: null, raw };
      return done;
    } else if (this.#draft) {
      if (this.#draft.raw.length < 8_192) this.#draft.raw += segment.text + segment.separators.terminator;
      if (id === 'STC' && this.#draft.statuses.length < 100) {
        this.#draft.statuses.push({ row, position, elements });
      } else if (id === 'REF' && first === '1K') this.#draft.icn = idText(second);
    }
    return null;
  }

  end(): StatusDraft | null {
    const done = this.#draft;
    this.#draft = null;
    return done;
  }
}

/** Categories of STC01-1 that return or reject a claim; A2 accepts it into adjudication. */
const REJECTED = new Set(['A3', 'A4', 'A6', 'A7', 'A8']);

/** What the payer said of the claim: rejected by any rejecting category, accepted by A2, else unknown. */
export function statusRecord(
  draft: StatusDraft,
  context: { readonly component: string; readonly file: string },
): EncounterStatusRecord | null {
  const encounterId = idText(draft.trn.elements[2]);
  if (encounterId === null || draft.memberId === null) return null;
  const codes = draft.statuses.map((at) => at.elements[1] ?? '');
  const categories = codes.map((code) => code.split(context.component)[0] ?? '');
  let acceptance: EncounterStatusRecord['acceptance'] = null;
  if (categories.some((category) => REJECTED.has(category))) acceptance = 'rejected';
  else if (categories.includes('A2')) acceptance = 'accepted';
  return {
    kind: 'encounter_status',
    memberId: draft.memberId,
    source: { file: context.file, row: draft.trn.row },
    encounterId,
    icn: draft.icn,
    acceptance,
    mao004: null,
    reasons: codes.filter((code) => code.length > 0 && code.length <= 40),
  };
}
