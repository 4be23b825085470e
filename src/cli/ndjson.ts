import { createReadStream } from 'node:fs';
import type { EngineError } from '../engine/outcome.ts';
import { type Line, readLines } from '../intake/lines.ts';
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
const BLOCK_CHARS = 1 << 16;

/**
 * Reads NDJSON from stdin (or a file), answers each line with one line in the same order, and goes on after a bad one:
 * it yields `{id, line, error}`. Returns 0, 1 when a line was refused, 2 when there was no line at all.
 */
export async function runNdjson(
  answer: (value: unknown) => LineAnswer,
  options: { readonly file?: string | undefined; readonly title: string },
): Promise<ExitCode> {
  const input = options.file === undefined ? process.stdin : createReadStream(options.file);
  const progress = startProgress(options.title, 0, 'lines');
  let lines = 0;
  let refused = 0;
  let block = '';
  try {
    for await (const line of readLines(input, LINE_LIMIT_BYTES)) {
      if (line.ok && line.text.trim() === '') continue;
      lines += 1;
      const result = answerLine(answer, line);
      if (!result.ok) refused += 1;
      block += result.ok
        ? `${result.text}\n`
        : `${JSON.stringify({ id: result.id, line: line.number, error: result.problem })}\n`;
      if (block.length >= BLOCK_CHARS) {
        await write(block);
        block = '';
        progress.update(lines, lines);
      }
    }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EPIPE') return 0;
    throw new CommandError(`cannot read ${options.file ?? 'stdin'}: ${(cause as Error).message}`, 2, {
      cause,
    });
  } finally {
    progress.stop();
  }
  await write(block);
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
  } catch (error) {
    // The parser's message quotes the input; only where it stopped is passed on.
    const position = /position (\d+)/.exec((error as Error).message)?.[1];
    const at =
      position === undefined ? 'it ends too early' : `unexpected text at character ${Number(position) + 1}`;
    return { ok: false, id: null, problem: { code: 'bad_json', message: `the line is not JSON: ${at}` } };
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

async function write(text: string): Promise<void> {
  if (text === '' || process.stdout.write(text)) return;
  await new Promise<void>((resolve) => process.stdout.once('drain', resolve));
}
