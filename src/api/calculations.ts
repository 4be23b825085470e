import { z } from 'zod';
import type { AnalysisOptions } from '../engine/analysis-contract.ts';
import { analyzeHistory } from '../engine/analyze.ts';
import { compareRequests } from '../engine/compare.ts';
import { scoreHistoryMonths } from '../engine/eligible-diagnoses.ts';
import { impactRequest } from '../engine/impact.ts';
import type { EngineError } from '../engine/outcome.ts';
import { readOrdinaryScoreRequest } from '../engine/read-score-request.ts';
import type { ReferenceData } from '../engine/reference-data.ts';
import { MODEL_IDS } from '../engine/score-contract.ts';
import { lineScorer } from '../engine/score-line.ts';
import { scoreRequest } from '../engine/score-request.ts';
import { scoreRequestText } from '../engine/score-text.ts';
import { parseHistory } from '../intake/json/history.ts';
import { parseImpactRequest, parseScoreRequest } from '../intake/json/requests.ts';
import { type FieldError, validate } from '../intake/json/validate.ts';
import { type Judge, type QuickLines, type Refusal, refused } from './bulk.ts';
import type { ProblemItem } from './problems.ts';

/** Fields whose value names a person: said where, never repeated (security L-1). */
const UNSPOKEN = /\/(memberId|mbi|id|quote|text|comment)$/;

/** A body that breaks its schema, as a refusal; identifiers are not repeated. */
export function schemaRefusal(errors: readonly FieldError[]): Refusal {
  const items: ProblemItem[] = errors.map(({ value, ...error }) =>
    value === undefined || UNSPOKEN.test(error.pointer) ? error : { ...error, value },
  );
  return { problem: 'validation', message: 'the body breaks its schema', errors: items };
}

/** What the engine refused, as a refusal. */
export function engineRefusal({ code, message, pointer }: EngineError): Refusal {
  return { problem: 'unprocessable', message, errors: [{ pointer: pointer ?? '', code, message }] };
}

/** Scores one request object. */
export function scoreJudge(reference: ReferenceData): Judge<object> {
  return (item) => {
    const parsed = parseScoreRequest(item);
    if (!parsed.ok) return refused(schemaRefusal(parsed.errors));
    const answer = scoreRequest(reference, parsed.request);
    return answer.ok ? { ok: true, value: answer.result } : refused(engineRefusal(answer.error));
  };
}

/** The quick ways of scoring a line, which give the text of {@link scoreJudge}'s answer. */
export function quickScore(reference: ReferenceData): QuickLines {
  const known = quickScores.get(reference);
  if (known) return known;
  const made: QuickLines = {
    line: lineScorer(reference),
    item: (item) => {
      const request = readOrdinaryScoreRequest(item);
      const answer = request === null ? null : scoreRequestText(reference, request);
      return answer?.ok === true ? answer.text : null;
    },
  };
  quickScores.set(reference, made);
  return made;
}
const quickScores = new WeakMap<ReferenceData, QuickLines>();

/** Values the candidates of one request object. */
export function impactJudge(reference: ReferenceData): Judge<object> {
  return (item) => {
    const parsed = parseImpactRequest(item);
    if (!parsed.ok) return refused(schemaRefusal(parsed.errors));
    const answer = impactRequest(reference, parsed.request);
    return answer.ok ? { ok: true, value: answer.result } : refused(engineRefusal(answer.error));
  };
}

/** Options of a member-months item, beside its `history`. */
export const monthsOptions = z.strictObject({
  paymentYear: z.int().min(2000).max(2100),
  model: z.enum(MODEL_IDS).nullish().describe('absent: the models in force for the program of each month'),
  asOf: z.iso.date().nullish().describe('default: today'),
});

/** Scores the months of a payment year of one `{history, paymentYear, model?, asOf?}`. */
export function monthsJudge(reference: ReferenceData, today: string): Judge<object> {
  return (item) => {
    const { history: given, ...rest } = isObject(item) ? item : {};
    const options = validate(monthsOptions, rest);
    const parsed = parseHistory(given ?? {});
    if (!options.ok || !parsed.ok) {
      const inHistory = parsed.ok ? [] : parsed.errors;
      return refused(
        schemaRefusal([
          ...(options.ok ? [] : options.errors),
          ...inHistory.map((error) => ({ ...error, pointer: `/history${error.pointer}` })),
        ]),
      );
    }
    const { paymentYear, model, asOf } = options.value;
    const answer = scoreHistoryMonths(reference, parsed.history, {
      paymentYear,
      model: model ?? null,
      asOf: asOf ?? today,
    });
    return answer.ok ? { ok: true, value: answer.value } : refused(engineRefusal(answer.error));
  };
}

/** Analyses one member history. */
export function analysisJudge(reference: ReferenceData, options: AnalysisOptions): Judge<object> {
  return (item) => {
    const parsed = parseHistory(item);
    if (!parsed.ok) return refused(schemaRefusal(parsed.errors));
    const answer = analyzeHistory(reference, parsed.history, options);
    if (!answer.ok) return refused(engineRefusal(answer.error));
    return {
      ok: true,
      value: { ...answer.value, clinicalReview: reference.suspecting.library.reviewStatus },
    };
  };
}

/** Compares two requests about one member: what moved between models, years or statuses, and why. */
export function compareJudge(reference: ReferenceData): Judge<object> {
  return (item) => {
    const { a: first, b: second, ...rest } = isObject(item) ? item : {};
    const unknown = Object.keys(rest).filter((name) => name !== 'id');
    const sides = { a: parseScoreRequest(first ?? {}), b: parseScoreRequest(second ?? {}) };
    const errors: FieldError[] = unknown.map((name) => ({
      pointer: `/${name}`,
      code: 'unknown_field',
      message: 'this field is not known',
    }));
    for (const side of ['a', 'b'] as const) {
      const parsed = sides[side];
      if (!parsed.ok) {
        errors.push(...parsed.errors.map((error) => ({ ...error, pointer: `/${side}${error.pointer}` })));
      }
    }
    const { a, b } = sides;
    if (errors.length > 0 || !a.ok || !b.ok) return refused(schemaRefusal(errors));
    const answer = compareRequests(reference, a.request, b.request);
    if (answer.ok) return { ok: true, value: answer.comparison };
    const { error, side } = answer;
    return refused(engineRefusal({ ...error, pointer: `/${side}${error.pointer ?? ''}` }));
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
