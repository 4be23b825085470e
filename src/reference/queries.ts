import { z } from 'zod';
import { ANSWER_KINDS, type QueryTables } from '../engine/queries/query.ts';
import { openPackage, PackageError } from './package.ts';

const texts = z.array(z.string().min(1));
const words = z.strictObject({
  imperatives: texts,
  leading: texts,
  money: texts,
  pressure: texts,
  severity: texts,
  payloadFields: texts,
});
const answerKind = z.enum(ANSWER_KINDS);
const templates = z.strictObject({
  answers: z.record(answerKind, z.string().min(1)),
  templates: z.array(
    z.strictObject({
      id: z.string().min(1),
      version: z.string().min(1),
      gapKind: z.string().min(1),
      type: z.enum(['open_ended', 'multiple_choice', 'yes_no']),
      timing: z.enum(['prospective', 'concurrent', 'retrospective']),
      priorOnly: z.boolean(),
      opening: z.string().includes('{facts}'),
      question: z.string().endsWith('?'),
      answers: z.array(answerKind),
    }),
  ),
});
const conditions = z.array(
  z.strictObject({ hccs: texts, terms: texts, question: z.string().endsWith('?').optional() }),
);

/** Loads word lists, templates and condition terms of provider queries. */
export function loadQueries(root: string): QueryTables {
  const pack = openPackage(root, 'queries');
  const read = <T>(file: string, schema: z.ZodType<T>): T => {
    const parsed = schema.safeParse(pack.json(file));
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    throw new PackageError(
      `package queries: ${file} /${issue?.path.map(String).join('/')}: ${issue?.message}`,
    );
  };
  const shaped = read('templates.json', templates);
  const windowDays = pack.manifest.properties?.policyWindowDays;
  if (typeof windowDays !== 'number') throw new PackageError('package queries: policyWindowDays is missing');
  return {
    words: read('words.json', words),
    templates: shaped.templates,
    answers: shaped.answers,
    conditions: new Map(
      read('conditions.json', conditions).flatMap(({ hccs, terms, question }) =>
        hccs.map((hcc) => [hcc, { terms, question: question ?? null }] as const),
      ),
    ),
    retrospectiveWindowDays: windowDays,
  };
}
