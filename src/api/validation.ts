import type { FastifySchemaCompiler } from 'fastify';
import type { z } from 'zod';
import { notFound, ProblemError, type ProblemItem } from './problems.ts';

type Issue = z.core.$ZodIssue;

const MAX_ERRORS = 100;
const MAX_ECHO = 64;
/** Values of these fields name a person or quote a note: a problem never echoes them (security L-1). */
const NEVER_ECHOED = new Set([
  'memberId',
  'mbi',
  'name',
  'quote',
  'note',
  'comment',
  'text',
  'answer',
  'birthDate',
  'deathDate',
]);

function pointerOf(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const part of path) {
    // One name of a comma-separated list: the list as it was sent.
    if (typeof value === 'string') return value;
    if (typeof value !== 'object' || value === null) return undefined;
    value = Reflect.get(value, part);
  }
  return value;
}

function echo(root: unknown, path: readonly PropertyKey[]): { value?: unknown } {
  if (path.some((part) => NEVER_ECHOED.has(String(part)))) return {};
  const value = valueAt(root, path);
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return { value };
  return typeof value === 'string' && value.length <= MAX_ECHO ? { value } : {};
}

function itemsOf(issue: Issue, root: unknown, base: readonly PropertyKey[]): ProblemItem[] {
  const path = [...base, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      pointer: pointerOf([...path, key]),
      code: 'unknown_field',
      message: 'there is no such field',
    }));
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    // The branch with the fewest faults is the one the sender most likely meant.
    const branch = [...issue.errors].sort((a, b) => a.length - b.length)[0] ?? [];
    if (branch.length > 0) return branch.flatMap((inner) => itemsOf(inner, root, path));
  }
  return [
    {
      pointer: pointerOf(path),
      code: issue.code,
      // Messages of a refused enumeration or format name the rule, never the value.
      message: issue.message,
      ...echo(root, path),
    },
  ];
}

/** The faults of a zod parse as problem items with JSON pointers into `root`, at most 100. */
export function problemItems(
  issues: readonly Issue[],
  root: unknown,
  base: readonly PropertyKey[] = [],
): ProblemItem[] {
  return issues.flatMap((issue) => itemsOf(issue, root, base)).slice(0, MAX_ERRORS);
}

const documentedOnly = new WeakSet<object>();

/**
 * Marks a body schema as documentation: the route itself validates, because the body is a stream or because
 * each item of a list is judged on its own.
 */
export function validatedByRoute<T extends z.ZodType>(schema: T): T {
  documentedOnly.add(schema);
  return schema;
}

const PART_NAMES: Readonly<Record<string, string>> = {
  body: 'body',
  querystring: 'query',
  params: 'path',
  headers: 'header',
};

/** Validates a part of a request with its zod schema and raises a `validation` problem with every fault. */
export const validatorCompiler: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart }) => {
  if (documentedOnly.has(schema)) return (data: unknown) => ({ value: data });
  const part = PART_NAMES[httpPart ?? 'body'] ?? 'request';
  return (data: unknown) => {
    const parsed = schema.safeParse(data);
    if (parsed.success) return { value: parsed.data };
    // A path that cannot name anything of ours names nothing: the same answer as for another tenant's (T-3).
    if (part === 'path') return { error: notFound('resource') };
    const base = part === 'body' ? [] : [part];
    return {
      error: new ProblemError('validation', `the ${part} breaks its schema`, {
        errors: problemItems(parsed.error.issues, part === 'body' ? data : { [part]: data }, base),
      }),
    };
  };
};
