import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { applyMask } from './masks.ts';
import { type NumberedLine, readLines } from './ndjson.ts';
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

/** The answer of an ordinary item as JSON text, equal to the judge's; null sends the item the clear way. */
export type FastAnswer = (item: unknown) => string | null;

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
  readonly fast: FastAnswer | undefined;
  readonly mask: FastifyRequest['fieldMask'];
}

function answerLine<T>(numbered: NumberedLine, { judge, fast, mask }: LineAnswerer<T>): string {
  const { line, text } = numbered;
  const shown = (value: unknown): string => JSON.stringify(applyMask(value, mask));
  if (text === null) {
    return shown(
      lineError(null, line, {
        problem: 'payload-too-large',
        message: 'the line is larger than the limit; nothing of it was taken',
      }),
    );
  }
  let item: unknown;
  try {
    item = JSON.parse(text);
  } catch {
    return shown(lineError(null, line, { problem: 'malformed-body', message: 'the line is not JSON' }));
  }
  const quick = fast?.(item) ?? null;
  if (quick !== null) return quick;
  const judged = judge(item);
  return shown(judged.ok ? judged.value : lineError(idOf(item), line, judged.refusal));
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
  options: { readonly judge: Judge<T>; readonly lineBytes: number; readonly fast?: FastAnswer },
): void {
  const { judge, lineBytes } = options;
  const { body, fieldMask } = request;
  if (body instanceof Readable) {
    const fast = fieldMask === null ? options.fast : undefined;
    const lines = answers(body, lineBytes, { judge, fast, mask: fieldMask });
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

async function* answers<T>(
  body: AsyncIterable<Uint8Array>,
  lineBytes: number,
  answerer: LineAnswerer<T>,
): AsyncGenerator<string> {
  for await (const block of readLines(body, lineBytes)) {
    let text = '';
    for (const line of block) text += `${answerLine(line, answerer)}\n`;
    yield text;
  }
}
