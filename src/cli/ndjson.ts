import { createReadStream } from 'node:fs';
import { type ByteSink, byteSink, putText } from '../engine/byte-text.ts';
import type { EngineError } from '../engine/outcome.ts';
import type { LineScorer } from '../engine/score-line.ts';
import { jsonFault } from '../intake/json/fault-place.ts';
import { readLineBlocks } from '../intake/line-blocks.ts';
import { endOfLine, type Line, lineOf, tooLong } from '../intake/lines.ts';
import { CommandError, type ExitCode, say } from './exit.ts';
import { startProgress } from './progress.ts';

/** What is wrong with one line, in its place in the output. */
export interface LineProblem {
  readonly code: string;
  readonly message: string;
  readonly errors?: readonly { readonly pointer?: string; readonly code: string; readonly message: string }[];
}

export type LineAnswer =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly id: string | null; readonly problem: LineProblem };

/** A line longer than this is refused in its place; the run goes on with the next. */
const LINE_LIMIT_BYTES = 32 * 1024 * 1024;
/** Output is written in blocks of about this size: a write a line costs more than the scoring. */
const BLOCK_BYTES = 1 << 17;
const READ_BYTES = 1 << 18;

export interface NdjsonOptions {
  readonly file?: string | undefined;
  readonly title: string;
  /** Answers ordinary lines from their bytes; what it leaves goes through `JSON.parse`. */
  readonly quick?: LineScorer;
}

/**
 * Reads NDJSON from stdin (or a file), answers each line with one line in the same order, and goes on after a bad one:
 * it yields `{id, line, error}`. Returns 0, 1 when a line was refused, 2 when there was no line at all.
 */
export async function runNdjson(
  answer: (value: unknown) => LineAnswer,
  { file, title, quick }: NdjsonOptions,
): Promise<ExitCode> {
  const input = file === undefined ? process.stdin : createReadStream(file, { highWaterMark: READ_BYTES });
  // A reader that has seen enough (`| head`) ends the run; the write that failed says so.
  process.stdout.on('error', () => undefined);
  const progress = startProgress(title, 0, 'lines');
  const sink = byteSink(2 * BLOCK_BYTES);
  let lines = 0;
  let refused = 0;
  const slow = (line: Line): void => {
    if (line.ok && line.text.trim() === '') return;
    lines += 1;
    const result = answerLine(answer, line);
    if (!result.ok) refused += 1;
    putText(
      sink,
      result.ok
        ? `${result.text}\n`
        : `${JSON.stringify({ id: result.id, line: line.number, error: result.problem })}\n`,
    );
  };
  let number = 0;
  try {
    for await (const block of readLineBlocks(input, LINE_LIMIT_BYTES)) {
      if ('overlong' in block) {
        number += 1;
        slow(tooLong(number, block.overlong, LINE_LIMIT_BYTES));
        continue;
      }
      const { bytes } = block;
      for (let from = 0; from < bytes.length; ) {
        number += 1;
        const next = quick === undefined ? -1 : quick(bytes, from, sink);
        if (next >= 0) {
          lines += 1;
          from = next;
        } else {
          const to = endOfLine(bytes, from);
          slow(lineOf(number, bytes.subarray(from, to)));
          from = to + 1;
        }
        if (sink.at >= BLOCK_BYTES) {
          await flush(sink);
          progress.update(lines, lines);
        }
      }
    }
    await flush(sink);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'EPIPE') return 0;
    if (code === undefined) throw cause;
    throw new CommandError(`cannot read ${file ?? 'stdin'}: ${(cause as Error).message}`, 2, { cause });
  } finally {
    progress.stop();
  }
  if (lines === 0) {
    say('no input: one JSON object a line is expected on stdin');
    return 2;
  }
  if (refused > 0) say(`${refused} of ${lines} lines refused; each says why in its place`);
  return refused > 0 ? 1 : 0;
}

function answerLine(answer: (value: unknown) => LineAnswer, line: Line): LineAnswer {
  if (!line.ok) return { ok: false, id: null, problem: { code: line.code, message: line.message } };
  let value: unknown;
  try {
    value = JSON.parse(line.text);
  } catch {
    const message = `the line is not JSON: ${jsonFault(line.text)}`;
    return { ok: false, id: null, problem: { code: 'bad_json', message } };
  }
  return answer(value);
}

/** The line's own id, when it has one, so that an error can be matched with its request. */
export function idOf(value: unknown, field: string): string | null {
  if (typeof value !== 'object' || value === null) return null;
  const id = (value as Record<string, unknown>)[field];
  return typeof id === 'string' ? id : null;
}

/** An engine refusal as the problem of a line. */
export function engineProblem(error: EngineError): LineProblem {
  return error.pointer === undefined
    ? { code: error.code, message: error.message }
    : {
        code: error.code,
        message: error.message,
        errors: [{ pointer: error.pointer, code: error.code, message: error.message }],
      };
}

/** Writes what the sink holds; the sink is used again, so the write has to be done first. */
async function flush(sink: ByteSink): Promise<void> {
  if (sink.at === 0) return;
  const block = sink.bytes.subarray(0, sink.at);
  sink.at = 0;
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(block, (error) => (error ? reject(error) : resolve()));
  });
}
