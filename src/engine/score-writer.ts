import {
  type ByteSink,
  bytesOf,
  copyPiece,
  putDecimal,
  putDecimalJson,
  putInteger,
  reserve,
} from './byte-text.ts';
import {
  type CodeEntries,
  codeEntries,
  INVALID,
  MAPPED,
  PENDING,
  RETIRED,
  SHOWN_BYTES,
  UNMAPPED,
} from './code-entries.ts';
import type { CodeTable } from './codes.ts';
import { firingEdit, firingOf, mapCodeFor } from './diagnoses.ts';
import { faultOfMapped, NOT_BILLABLE } from './diagnosis-report.ts';
import { dotted } from './icd10.ts';
import { EDITED, type Kernel, kernelOf } from './kernel.ts';
import { MOST_HCCS } from './masks.ts';
import type { MemberScoring, ScoringPart } from './member-scoring.ts';
import { decimal } from './payment.ts';
import type { RawFactor, SegmentProgram } from './score.ts';
import type { CountTerm } from './terms.ts';
import { decimalJson, divideRounded, type Thousandths } from './thousandths.ts';

/** More diagnoses than this go the clear way; sorting by insertion stops paying. */
export const MOST_DIAGNOSES = 64;

/** Places of a request's codes in {@link CodeEntries}: distinct and in code order. */
export interface CodeList {
  readonly places: Int32Array;
  count: number;
}

export function codeList(): CodeList {
  return { places: new Int32Array(MOST_DIAGNOSES), count: 0 };
}

/** Puts a place where its code belongs; a repeated one is left out. There must be room. */
export function addPlace(list: CodeList, order: Float64Array, place: number): void {
  const { places, count } = list;
  const key = order[place] ?? 0;
  let at = count;
  while (at > 0 && (order[places[at - 1] ?? 0] ?? 0) > key) at--;
  if (at > 0 && places[at - 1] === place) return;
  for (let index = count; index > at; index--) places[index] = places[index - 1] ?? 0;
  places[at] = place;
  list.count = count + 1;
}

/** Writes answers of members who are scored alike. */
export interface ScoreWriter {
  readonly entries: CodeEntries;
  /**
   * Writes the answer behind its id (`{"id":"case-1"`), which the sink holds already.
   */
  write(sink: ByteSink, codes: CodeList): void;
}

const writers = new WeakMap<MemberScoring, ScoreWriter>();

/** The writer of a prepared member whom one model scores (no blend, no frailty). */
export function scoreWriter(table: CodeTable, scoring: MemberScoring): ScoreWriter {
  const known = writers.get(scoring);
  if (known) return known;
  const writer = buildWriter(table, scoring);
  writers.set(scoring, writer);
  return writer;
}

function factorHead({ variable, kind, thousandths }: RawFactor): string {
  return `{"variable":${JSON.stringify(variable)},"kind":"${kind}","value":${decimalJson(thousandths)}`;
}

/** Text pieces that are the same for everyone in a segment; each begins with the comma before it. */
interface SegmentPieces {
  /** By HCC position: the HCC in quotes, and its factor up to the codes. */
  readonly quoted: readonly Uint8Array[];
  readonly heads: readonly Uint8Array[];
  readonly interactions: readonly Uint8Array[];
  readonly counts: readonly { readonly term: CountTerm; readonly piece: Uint8Array }[];
  readonly rules: readonly Uint8Array[];
  /** Most bytes that one HCC can take, and all interactions and counts together. */
  readonly mostOfHcc: number;
  readonly mostOfTerms: number;
}
const piecesOf = new WeakMap<SegmentProgram, SegmentPieces>();

function segmentPieces({ hccs, scorer }: Kernel): SegmentPieces {
  const { model, program } = scorer;
  const known = piecesOf.get(program);
  if (known) return known;
  const heads = hccs.map((hcc) => {
    const plain: RawFactor = { variable: `${model.hccPrefix}${hcc}`, kind: 'hcc', thousandths: 0, hcc };
    return bytesOf(`,${factorHead(program.hccs.get(hcc) ?? plain)},"diagnoses":[`);
  });
  const interactions = program.interactions.map(({ factor }) => bytesOf(`,${factorHead(factor)}}`));
  const counts = program.counts.map(({ term, factor }) => ({
    term,
    piece: bytesOf(`,${factorHead(factor)}}`),
  }));
  const rules = model.terms.rules.map(({ name }) => bytesOf(`,${JSON.stringify(name)}`));
  const longest = (pieces: readonly Uint8Array[]): number =>
    Math.max(0, ...pieces.map(({ length }) => length));
  const pieces: SegmentPieces = {
    quoted: hccs.map((hcc) => bytesOf(`,"${hcc}"`)),
    heads,
    interactions,
    counts,
    rules,
    mostOfHcc: longest(heads) + longest(rules) + 128,
    mostOfTerms: [...interactions, ...counts.map(({ piece }) => piece)].reduce(
      (sum, { length }) => sum + length,
      0,
    ),
  };
  piecesOf.set(program, pieces);
  return pieces;
}

const NOTHING = bytesOf('');
const HCCS = bytesOf('],"hccs":[');
const DROPPED = bytesOf('],"dropped":[');
const DROPPED_HCC = bytesOf(',{"hcc":');
const DROPPED_BY = bytesOf(',"droppedBy":');
const COUNT = bytesOf('],"paymentHccCount":');
const NONE_DROPPED = bytesOf('],"dropped":[],"paymentHccCount":');
const FACTORS = bytesOf(',"factors":[');
const RAW = bytesOf('],"rawScore":');
const PAYMENT = bytesOf(',"payment":');
const UNMAPPED_CODES = bytesOf(',"unmapped":[');
const PENDING_CODES = bytesOf('],"pending":[');
const INVALID_CODES = bytesOf('],"invalid":[');
const COMMA = 44;
const CLOSE_LIST = 93;
const CLOSE_OBJECT = 125;
/** More than all of the above, the numbers and the payment steps come to. */
const MARGIN = 1024;

function buildWriter(table: CodeTable, scoring: MemberScoring): ScoreWriter {
  const [part] = scoring.parts;
  const { scorer } = part;
  const { model, year, person, program } = scorer;
  const kernel = kernelOf(scorer);
  const { before, after } = kernel.state;
  const entries = codeEntries(table, year, kernel.positions);
  const { quoted, heads, interactions, counts, rules, mostOfHcc, mostOfTerms } = segmentPieces(kernel);
  const fixed = bytesOf(scorer.fixed.map((factor) => `${factorHead(factor)}}`).join(','));
  const divisor = bytesOf(scorer.divisor === null ? '' : `,${factorHead(scorer.divisor)}}`);
  const opening = bytesOf(
    `,"model":"${model.id}","paymentYear":${scoring.paymentYear},"segment":"${scorer.segment}","hccsBeforeHierarchy":[`,
  );
  const end = `],"assumptions":${JSON.stringify(scoring.assumptions)},"provenance":${JSON.stringify(scoring.provenance)}}`;
  const closing = bytesOf(end);
  const plainClosing = bytesOf(`,"unmapped":[],"pending":[],"invalid":[${end}`);
  const putPayment = paymentWriter(scoring, part);
  const fixedBytes =
    opening.length + plainClosing.length + fixed.length + divisor.length + mostOfTerms + MARGIN;

  const set = (packed: number): void => {
    const first = (packed & 255) - 1;
    if (first < 0) return;
    before[first >> 5] = (before[first >> 5] ?? 0) | (1 << (first & 31));
    const second = ((packed >> 8) & 255) - 1;
    if (second >= 0) before[second >> 5] = (before[second >> 5] ?? 0) | (1 << (second & 31));
  };

  /** By place in the list of codes: the HCC positions it gives this person, as packed; 0 for none. */
  const given = new Int32Array(MOST_DIAGNOSES);
  /** Codes of which something has to be said, as JSON. */
  let faults = '';
  /** Every code is mapped: the lists of the others are empty. */
  let isPlain = true;

  const speak = (place: number, reason: string): void => {
    const code = dotted(entries.codes[place] ?? '');
    const fault = `{"code":"${code}","reason":${JSON.stringify(reason)}}`;
    faults = faults === '' ? fault : `${faults},${fault}`;
  };

  /** The HCCs after age and sex edits, for one of the few codes that have edits or are retired. */
  const giveEdited = (place: number, packed: number, retired: boolean): number => {
    const code = entries.codes[place] ?? '';
    const reason = faultOfMapped(year, person, code, !retired);
    if (reason !== null) speak(place, reason);
    if (firingEdit(year, code, person) === null) return packed & ~EDITED;
    return mapCodeFor(year, code, person).reduce(
      (sum, hcc) => sum | ((kernel.positions.get(hcc) ?? -1) + 1),
      0,
    );
  };

  /** Sets the HCC words. */
  const take = ({ places, count }: CodeList): void => {
    before.fill(0);
    faults = '';
    isPlain = true;
    for (let index = 0; index < count; index++) {
      const place = places[index] ?? 0;
      const kind = entries.kinds[place] ?? INVALID;
      let packed = entries.packed[place] ?? 0;
      if (kind !== MAPPED) isPlain = false;
      if (kind === RETIRED) packed = giveEdited(place, packed, true);
      else if (packed >= EDITED) {
        const fires = firingOf(entries.edits[place] ?? [], person) !== null;
        packed = fires ? giveEdited(place, packed, false) : packed & ~EDITED;
      } else if (kind === INVALID) speak(place, NOT_BILLABLE);
      given[index] = packed;
      set(packed);
    }
  };

  const putCode = (out: Uint8Array, at: number, place: number): number => {
    const from = place * SHOWN_BYTES;
    const length = entries.shownLength[place] ?? 0;
    for (let index = 0; index < length; index++) out[at + index] = entries.shown[from + index] ?? 0;
    return at + length;
  };

  const putCodesOf = (out: Uint8Array, start: number, codes: CodeList, position: number): number => {
    const wanted = position + 1;
    let at = start;
    for (let index = 0; index < codes.count; index++) {
      const packed = given[index] ?? 0;
      if ((packed & 255) !== wanted && ((packed >> 8) & 255) !== wanted) continue;
      if (at > start) out[at++] = COMMA;
      at = putCode(out, at, codes.places[index] ?? 0);
    }
    out[at] = CLOSE_LIST;
    out[at + 1] = CLOSE_OBJECT;
    return at + 2;
  };

  const putKind = (out: Uint8Array, start: number, codes: CodeList, kind: number): number => {
    let at = start;
    for (let index = 0; index < codes.count; index++) {
      const place = codes.places[index] ?? 0;
      if (entries.kinds[place] !== kind) continue;
      if (at > start) out[at++] = COMMA;
      at = putCode(out, at, place);
    }
    return at;
  };

  const putHccs = (out: Uint8Array, start: number, words: Int32Array): number => {
    let at = start;
    for (let word = 0; word < words.length; word++) {
      for (let left = words[word] ?? 0; left !== 0; left &= left - 1) {
        const position = (word << 5) + 31 - Math.clz32(left & -left);
        at = copyPiece(out, at, quoted[position] ?? NOTHING, at === start ? 1 : 0);
      }
    }
    return at;
  };

  const putDropped = (out: Uint8Array, start: number): number => {
    let at = start;
    for (let word = 0; word < before.length; word++) {
      for (let left = (before[word] ?? 0) & ~(after[word] ?? 0); left !== 0; left &= left - 1) {
        const position = (word << 5) + 31 - Math.clz32(left & -left);
        const by = kernel.dropperOf(position);
        const name = by < MOST_HCCS ? quoted[by] : rules[by - MOST_HCCS];
        at = copyPiece(out, at, DROPPED_HCC, at === start ? 1 : 0);
        at = copyPiece(out, at, quoted[position] ?? NOTHING, 1);
        at = copyPiece(out, at, DROPPED_BY);
        at = copyPiece(out, at, name ?? NOTHING, 1);
        out[at++] = CLOSE_OBJECT;
      }
    }
    return at;
  };

  const putFactors = (out: Uint8Array, start: number, codes: CodeList, count: number): number => {
    let at = copyPiece(out, start, fixed);
    if (program.usesHccs) {
      for (let word = 0; word < after.length; word++) {
        for (let left = after[word] ?? 0; left !== 0; left &= left - 1) {
          const position = (word << 5) + 31 - Math.clz32(left & -left);
          at = copyPiece(out, at, heads[position] ?? NOTHING, at === start ? 1 : 0);
          at = putCodesOf(out, at, codes, position);
        }
      }
      for (let place = 0; place < interactions.length; place++) {
        if (kernel.interactionHeld(place))
          at = copyPiece(out, at, interactions[place] ?? NOTHING, at === start ? 1 : 0);
      }
      for (const { term, piece } of counts) {
        if (count >= term.from && count <= term.to) at = copyPiece(out, at, piece, at === start ? 1 : 0);
      }
    }
    return divisor.length === 0 ? at : copyPiece(out, at, divisor, at === start ? 1 : 0);
  };

  return {
    entries,
    write: (sink, codes) => {
      take(codes);
      const raw = kernel.settle();
      const said = faults === '' ? NOTHING : bytesOf(faults);
      reserve(sink, fixedBytes + said.length + codes.count * (3 * (SHOWN_BYTES + 1) + 2 * mostOfHcc));
      const out = sink.bytes;
      let at = copyPiece(out, sink.at, opening);
      at = putHccs(out, at, before);
      at = copyPiece(out, at, HCCS);
      at = putHccs(out, at, after);
      const count = bitCount(after);
      if (count === bitCount(before)) at = copyPiece(out, at, NONE_DROPPED);
      else {
        at = copyPiece(out, at, DROPPED);
        at = putDropped(out, at);
        at = copyPiece(out, at, COUNT);
      }
      at = putInteger(out, at, count);
      at = copyPiece(out, at, FACTORS);
      at = putFactors(out, at, codes, count);
      at = copyPiece(out, at, RAW);
      at = putDecimalJson(out, at, raw);
      at = copyPiece(out, at, PAYMENT);
      at = putPayment(out, at, raw);
      if (isPlain && faults === '') {
        sink.at = copyPiece(out, at, plainClosing);
        return;
      }
      at = copyPiece(out, at, UNMAPPED_CODES);
      at = putKind(out, at, codes, UNMAPPED);
      at = copyPiece(out, at, PENDING_CODES);
      at = putKind(out, at, codes, PENDING);
      at = copyPiece(out, at, INVALID_CODES);
      at = copyPiece(out, at, said);
      sink.at = copyPiece(out, at, closing);
    },
  };
}

function bitCount(words: Int32Array): number {
  let count = 0;
  for (let word = 0; word < words.length; word++) {
    for (let left = words[word] ?? 0; left !== 0; left &= left - 1) count++;
  }
  return count;
}

const NULL = bytesOf('null');
const STEP_VALUE = bytesOf(',"steps":[{"step":"normalization","formula":"');
const NEXT_STEP = bytesOf('},{"step":"coding adjustment","formula":"');
const LAST_STEP = bytesOf('}]}');

/** Writes the payment of a raw score as JSON; the formulas are those of `codedScore`. */
function paymentWriter(
  scoring: MemberScoring,
  { row }: ScoringPart,
): (out: Uint8Array, at: number, raw: Thousandths) => number {
  if (scoring.noPayment !== null) return (out, at) => copyPiece(out, at, NULL);
  const { normalization } = row;
  const coding = row.coding ?? 0;
  const head = bytesOf(
    `{"normalization":${decimalJson(normalization)},"codingAdjustment":${decimalJson(coding)},"score":`,
  );
  const byNormalization = bytesOf(` / ${decimal(normalization)}","value":`);
  const byCoding = bytesOf(` x (1 - ${decimal(coding)})","value":`);
  return (out, start, raw) => {
    const normalized = divideRounded(raw * 1000, normalization);
    const coded = divideRounded(normalized * (1000 - coding), 1000);
    let at = copyPiece(out, start, head);
    at = putDecimalJson(out, at, coded);
    at = copyPiece(out, at, STEP_VALUE);
    at = putDecimal(out, at, raw);
    at = copyPiece(out, at, byNormalization);
    at = putDecimalJson(out, at, normalized);
    at = copyPiece(out, at, NEXT_STEP);
    at = putDecimal(out, at, normalized);
    at = copyPiece(out, at, byCoding);
    at = putDecimalJson(out, at, coded);
    return copyPiece(out, at, LAST_STEP);
  };
}
