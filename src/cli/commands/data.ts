import type { Command } from 'commander';
import { loadConfig } from '../../config.ts';
import type { AnalysisOptions } from '../../engine/analysis-contract.ts';
import { analyzeHistory } from '../../engine/analyze.ts';
import { impactRequest } from '../../engine/impact.ts';
import { readOrdinaryScoreRequest } from '../../engine/read-score-request.ts';
import type { ReferenceData } from '../../engine/reference-data.ts';
import { type LineScorer, lineScorer } from '../../engine/score-line.ts';
import { scoreRequestText } from '../../engine/score-text.ts';
import { parseHistory } from '../../intake/json/history.ts';
import { parseAnalysisOptions, parseImpactRequest, parseScoreRequest } from '../../intake/json/requests.ts';
import type { FieldError } from '../../intake/json/validate.ts';
import { loadReferenceOnUse } from '../../reference/load-on-use.ts';
import { evaluateCase } from '../../reference/suspect-cases.ts';
import { CommandError } from '../exit.ts';
import { engineProblem, idOf, type LineAnswer, type LineProblem, runNdjson } from '../ndjson.ts';
import { readParametersFile } from '../parameters-file.ts';

interface InputOption {
  readonly input?: string;
}

interface PaidOption extends InputOption {
  readonly parameters?: string;
}

interface AnalyzeFlags extends PaidOption {
  readonly paymentYear: string;
  readonly asOf?: string;
  readonly kinds?: string;
  readonly lookbackYears?: string;
}

/** `score`, `impact`, `analyze`, `suspect`: NDJSON in, NDJSON out, no database. */
export function addDataCommands(program: Command): void {
  const input = ['-i, --input <file>', 'read this file instead of stdin'] as const;
  const parameters = [
    '--parameters <file>',
    'payment parameters in place of those loaded: a JSON list of {paymentYear, model, parameter, value, by, on, why, …}',
  ] as const;

  program
    .command('score')
    .description('RAF scores: one request a line on stdin, one answer a line on stdout, same order')
    .option(...parameters)
    .option(...input)
    .action((flags: PaidOption) => run('score', flags, scoreLine, lineScorer));

  program
    .command('impact')
    .description('What gaps are worth: score requests with candidates, by rescoring')
    .option(...parameters)
    .option(...input)
    .action((flags: PaidOption) => run('impact', flags, impactLine));

  program
    .command('analyze')
    .description('Gap analysis: one member history a line on stdin, one analysis a line on stdout')
    .requiredOption('-y, --payment-year <year>', 'payment year P; diagnoses of P-1 feed it')
    .option('--as-of <date>', 'the day the analysis is made for (YYYY-MM-DD); default: today')
    .option('--kinds <list>', 'only these kinds of gaps, comma-separated')
    .option('--lookback-years <n>', 'years of history for recapture, 1 to 5 (default 2)')
    .option(...parameters)
    .option(...input)
    .action((flags: AnalyzeFlags) => {
      const options = analysisOptions(flags);
      return run('analyze', flags, (reference, value) => analyzeLine(reference, value, options));
    });

  program
    .command('suspect')
    .description('Suspect rules on cases: {id, …} a line in, {id, outcomes: {V24, V28}} a line out')
    .requiredOption('--cases', 'the lines are cases of the suspecting rules')
    .option(...input)
    .action((flags: InputOption) => run('suspect', flags, suspectLine));
}

type LineOf = (reference: ReferenceData, value: unknown) => LineAnswer;

async function run(
  title: string,
  { input: file, parameters }: PaidOption,
  line: LineOf,
  quick?: (reference: ReferenceData) => LineScorer,
): Promise<void> {
  const { mappingsDir } = loadConfig();
  const overrides = parameters === undefined ? [] : readParametersFile(parameters, mappingsDir);
  const reference = loadReferenceOnUse(mappingsDir, overrides);
  process.exitCode = await runNdjson((value) => line(reference, value), {
    title,
    file,
    ...(quick === undefined ? {} : { quick: quick(reference) }),
  });
}

function scoreLine(reference: ReferenceData, value: unknown): LineAnswer {
  const ordinary = readOrdinaryScoreRequest(value);
  const parsed = ordinary === null ? parseScoreRequest(value) : { ok: true as const, request: ordinary };
  if (!parsed.ok) return refused(idOf(value, 'id'), parsed.errors);
  const scored = scoreRequestText(reference, parsed.request);
  return scored.ok
    ? { ok: true, text: scored.text }
    : { ok: false, id: parsed.request.id, problem: engineProblem(scored.error) };
}

function impactLine(reference: ReferenceData, value: unknown): LineAnswer {
  const parsed = parseImpactRequest(value);
  if (!parsed.ok) return refused(idOf(value, 'id'), parsed.errors);
  const impact = impactRequest(reference, parsed.request);
  return impact.ok
    ? { ok: true, text: JSON.stringify(impact.result) }
    : { ok: false, id: parsed.request.id, problem: engineProblem(impact.error) };
}

function analyzeLine(reference: ReferenceData, value: unknown, options: AnalysisOptions): LineAnswer {
  const parsed = parseHistory(value);
  if (!parsed.ok) return refused(idOf(value, 'memberId'), parsed.errors);
  const outcome = analyzeHistory(reference, parsed.history, options);
  return outcome.ok
    ? { ok: true, text: JSON.stringify(outcome.value) }
    : { ok: false, id: parsed.history.memberId, problem: engineProblem(outcome.error) };
}

function suspectLine(reference: ReferenceData, value: unknown): LineAnswer {
  const answer = evaluateCase(reference, value);
  return answer.ok
    ? { ok: true, text: JSON.stringify({ id: answer.id, outcomes: answer.outcomes }) }
    : refused(answer.id, answer.errors);
}

function refused(id: string | null, errors: readonly FieldError[]): LineAnswer {
  const first = errors[0];
  const problem: LineProblem = {
    code: first?.code ?? 'bad_value',
    message: first === undefined ? 'refused' : `${first.pointer || '/'}: ${first.message}`,
    errors,
  };
  return { ok: false, id, problem };
}

function analysisOptions(flags: AnalyzeFlags): AnalysisOptions {
  const today = new Date().toISOString().slice(0, 10);
  const parsed = parseAnalysisOptions(
    {
      paymentYear: numberIn(flags.paymentYear),
      ...(flags.asOf === undefined ? {} : { asOf: flags.asOf }),
      ...(flags.kinds === undefined ? {} : { kinds: flags.kinds.split(',').map((kind) => kind.trim()) }),
      ...(flags.lookbackYears === undefined ? {} : { lookbackYears: numberIn(flags.lookbackYears) }),
    },
    today,
  );
  if (parsed.ok) return parsed.options;
  const problems = parsed.errors.map((error) => `  --${flagOf(error.pointer)}: ${error.message}`);
  throw new CommandError(`the options are unusable:\n${problems.join('\n')}`);
}

/** A flag's number; any other text is left for the rule of the option to refuse. */
function numberIn(text: string): number | string {
  return /^\d+$/.test(text) ? Number(text) : text;
}

function flagOf(pointer: string): string {
  const [, name = ''] = pointer.split('/');
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
