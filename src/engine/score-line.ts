import { type ByteSink, bytesOf, copyPiece, reserve } from './byte-text.ts';
import { placeOfKey } from './code-entries.ts';
import { CODE_CHARS, HIGH_CHARS, sixBits } from './code-keys.ts';
import type { Program } from './history.ts';
import { CLOSE_LIST, LINE_FEED, QUOTE } from './line-scanner.ts';
import { preparedMembers } from './member-scoring.ts';
import { memberBitsOfLine, type OrdinaryLine, readOrdinaryLine } from './ordinary-line.ts';
import type { ReferenceData } from './reference-data.ts';
import type { ModelId } from './score-contract.ts';
import { addPlace, codeList, type ScoreWriter, scoreWriter } from './score-writer.ts';

/**
 * Scores the line of `bytes` that begins at `from` and writes the answer with a line feed; gives the place behind the
 * line and its line feed. -1, with nothing written, when it is not an ordinary one.
 */
export type LineScorer = (bytes: Uint8Array, from: number, sink: ByteSink) => number;

/**
 * A scorer of ordinary request lines, from the bytes that came to the bytes that go out: what it writes is the text
 * of `scoreRequestText` for the same line (a property test holds that). Lines with anything unusual and members of
 * a kind not yet met are left to the way through `JSON.parse`, which also remembers them.
 */
export function lineScorer(reference: ReferenceData): LineScorer {
  let last: LineScope | null = null;
  const scopes: LineScope[] = [];
  return (bytes, from, sink) => {
    const line = readOrdinaryLine(bytes, from);
    if (line === null) return -1;
    if (last === null || !sameScope(last, line)) {
      last = scopes.find((scope) => sameScope(scope, line)) ?? null;
      if (last === null) {
        last = {
          model: line.model,
          program: line.program,
          paymentYear: line.paymentYear,
          writers: new Map(),
        };
        if (scopes.length < MOST_SCOPES) scopes.push(last);
      }
    }
    const writer = writerFor(reference, last, line);
    if (writer === null || !takeCodes(bytes, line, writer)) return -1;
    putId(sink, bytes, line);
    writer.write(sink, codes);
    reserve(sink, 1);
    sink.bytes[sink.at++] = LINE_FEED;
    return line.next;
  };
}

/** Members scored alike are met again and again within a model, program and year. */
interface LineScope {
  readonly model: ModelId | null;
  readonly program: Program | null;
  readonly paymentYear: number;
  readonly writers: Map<number, ScoreWriter>;
}

const MOST_SCOPES = 256;
const MOST_WRITERS = 4096;
const ID = bytesOf('{"id":');
const NULL = bytesOf('null');
const codes = codeList();

function putId(sink: ByteSink, bytes: Uint8Array, { idFrom, idTo }: OrdinaryLine): void {
  reserve(sink, 256);
  const { bytes: out } = sink;
  let at = copyPiece(out, sink.at, ID);
  if (idFrom < 0) at = copyPiece(out, at, NULL);
  else for (let from = idFrom; from < idTo; from++) out[at++] = bytes[from] ?? 0;
  sink.at = at;
}

function sameScope(scope: LineScope, line: OrdinaryLine): boolean {
  return (
    scope.model === line.model && scope.program === line.program && scope.paymentYear === line.paymentYear
  );
}

function writerFor(reference: ReferenceData, scope: LineScope, line: OrdinaryLine): ScoreWriter | null {
  const bits = memberBitsOfLine(line);
  if (bits === null) return null;
  const known = scope.writers.get(bits);
  if (known) return known;
  const prepared = preparedMembers(reference, scope).get(bits);
  if (!prepared?.ok || prepared.value.blended) return null;
  const writer = scoreWriter(reference.codes, prepared.value);
  if (scope.writers.size >= MOST_WRITERS) scope.writers.clear();
  scope.writers.set(bits, writer);
  return writer;
}

/** Puts the codes in order; false when one was not met before or is not plain. The list is known to be whole. */
function takeCodes(bytes: Uint8Array, { codesFrom }: OrdinaryLine, { entries }: ScoreWriter): boolean {
  codes.count = 0;
  if (codesFrom < 0) return true;
  for (let at = codesFrom; ; ) {
    let unit = bytes[at++] ?? 0;
    if (unit === CLOSE_LIST) return true;
    if (unit !== QUOTE) continue;
    let high = 0;
    let low = 0;
    let chars = 0;
    for (unit = bytes[at++] ?? 0; unit !== QUOTE; unit = bytes[at++] ?? 0) {
      if (unit === 46) continue;
      const bits = sixBits(unit);
      if (bits === 0 || chars === CODE_CHARS) return false;
      if (chars < HIGH_CHARS) high |= bits << (6 * (HIGH_CHARS - 1 - chars));
      else low |= bits << (6 * (CODE_CHARS - 1 - chars));
      chars++;
    }
    const place = placeOfKey(entries, high, low);
    if (place < 0) return false;
    addPlace(codes, entries.order, place);
  }
}
