import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type ByteSink, byteSink, putText } from '../engine/byte-text.ts';
import type { LineScorer } from '../engine/score-line.ts';
import { jsonFault } from '../intake/json/fault-place.ts';
import { readLineBlocks } from '../intake/line-blocks.ts';
import { endOfLine, type Line, lineOf, tooLong } from '../intake/lines.ts';
import { applyMask } from './masks.ts';
import { ProblemError, type ProblemItem, type ProblemName } from './problems.ts';

/** Why one item could not be served. */
export interface Refusal {
  readonly problem: ProblemName;
  readonly message: string;
  readonly errors?: readonly ProblemItem[];
}

/** An item's answer, or why there is none. */
export type Judged<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly refusal: Refusal };

/** Calculates one item of a request: one object, an item of a list, a line of a stream. */
export type Judge<T> = (item: unknown) => Judged<T>;

/** Quick ways for the ordinary lines of a stream; what they answer equals the judge's answer, printed. */
export interface QuickLines {
  /** From the bytes of the line to those of the answer. */
  readonly line: LineScorer;
  /** The answer of an ordinary item as JSON text; null leaves it to the judge. */
  readonly item: (item: unknown) => string | null;
}

/** Refuses an item. */
export function refused(refusal: Refusal): { readonly ok: false; readonly refusal: Refusal } {
  return { ok: false, refusal };
}

interface LineError {
  readonly id: string | null;
  readonly line: number;
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly errors?: readonly ProblemItem[];
  };
}

function idOf(item: unknown): string | null {
  if (typeof item !== 'object' || item === null) return null;
  const id: unknown = Reflect.get(item, 'id') ?? Reflect.get(item, 'memberId');
  return typeof id === 'string' ? id : null;
}

function lineError(id: string | null, line: number, refusal: Refusal): LineError {
  const { problem, message, errors } = refusal;
  return { id, line, error: { code: problem, message, ...(errors ? { errors } : {}) } };
}

interface LineAnswerer<T> {
  readonly judge: Judge<T>;
  /** Absent where fields are hidden: the mask works on values, not on text. */
  readonly quick: QuickLines | undefined;
  readonly mask: FastifyRequest['fieldMask'];
}

/** The answer to a line as JSON text, '' for a blank one. */
function answerLine<T>(line: Line, { judge, quick, mask }: LineAnswerer<T>): string {
  const shown = (value: unknown): string => JSON.stringify(applyMask(value, mask));
  const { number } = line;
  if (!line.ok) {
    const refusal: Refusal =
      line.code === 'line_too_long'
        ? {
            problem: 'payload-too-large',
            message: 'the line is larger than the limit; nothing of it was taken',
          }
        : { problem: 'malformed-body', message: line.message };
    return shown(lineError(null, number, refusal));
  }
  const text = line.text.trim();
  if (text === '') return '';
  let item: unknown;
  try {
    item = JSON.parse(text);
  } catch {
    const message = `the line is not JSON: ${jsonFault(text)}`;
    return shown(lineError(null, number, { problem: 'malformed-body', message }));
  }
  const known = quick?.item(item) ?? null;
  if (known !== null) return known;
  const judged = judge(item);
  return shown(judged.ok ? judged.value : lineError(idOf(item), number, judged.refusal));
}

/** Lets the routes of a scope take `application/x-ndjson` as a stream that is never held whole. */
export function acceptNdjson(scope: FastifyInstance): void {
  for (const type of ['application/x-ndjson', 'application/ndjson', 'application/jsonl']) {
    scope.addContentTypeParser(type, (_request, payload, done) => done(null, payload));
  }
}

/**
 * Serves one object, a list or a stream of lines with the same calculation. A single bad object is a problem; a bad
 * item of a list or stream is answered in its place, and the others go on.
 */
export function serveBulk<T>(
  request: FastifyRequest,
  reply: FastifyReply,
  options: { readonly judge: Judge<T>; readonly lineBytes: number; readonly quick?: QuickLines },
): void {
  const { judge, lineBytes } = options;
  const { body, fieldMask } = request;
  if (body instanceof Readable) {
    const quick = fieldMask === null ? options.quick : undefined;
    const lines = answers(body, lineBytes, { judge, quick, mask: fieldMask });
    reply.type('application/x-ndjson').send(Readable.from(lines));
    return;
  }
  if (Array.isArray(body)) {
    reply.send(
      body.map((item: unknown, index) => {
        const judged = judge(item);
        return judged.ok ? judged.value : lineError(idOf(item), index + 1, judged.refusal);
      }),
    );
    return;
  }
  const judged = judge(body);
  if (!judged.ok) {
    const { problem, message, errors } = judged.refusal;
    throw new ProblemError(problem, message, errors ? { errors } : {});
  }
  reply.send(judged.value);
}

/** Bytes of answers at which they are sent. */
const BLOCK_BYTES = 1 << 16;

/** Answers in blocks of bytes: one for each block of lines that came, more where the answers are many. */
async function* answers<T>(
  body: AsyncIterable<Uint8Array>,
  lineBytes: number,
  answerer: LineAnswerer<T>,
): AsyncGenerator<Uint8Array> {
  const sink = byteSink(2 * BLOCK_BYTES);
  const put = (text: string): void => {
    if (text !== '') putText(sink, `${text}\n`);
  };
  const { quick } = answerer;
  let number = 0;
  for await (const block of readLineBlocks(body, lineBytes)) {
    if ('overlong' in block) {
      number += 1;
      put(answerLine(tooLong(number, block.overlong, lineBytes), answerer));
    } else {
      const { bytes } = block;
      for (let from = 0; from < bytes.length; ) {
        number += 1;
        const next = quick === undefined ? -1 : quick.line(bytes, from, sink);
        if (next >= 0) from = next;
        else {
          const to = endOfLine(bytes, from);
          put(answerLine(lineOf(number, bytes.subarray(from, to)), answerer));
          from = to + 1;
        }
        if (sink.at >= BLOCK_BYTES) yield taken(sink);
      }
    }
    if (sink.at > 0) yield taken(sink);
  }
}

/** What the sink holds, as a copy: the sink goes on. */
function taken(sink: ByteSink): Uint8Array {
  const bytes = Buffer.from(sink.bytes.subarray(0, sink.at));
  sink.at = 0;
  return bytes;
}
