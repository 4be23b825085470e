import type { z } from 'zod';
import { storable } from '../text.ts';

/** One reason why a JSON value is refused, in the shape of `errors[]` of a problem document. */
export interface FieldError {
  /** RFC 6901 pointer to the field. */
  readonly pointer: string;
  readonly code: string;
  readonly message: string;
  /** The offending value when it is a scalar. */
  readonly value?: string | number | boolean | null;
}

export type Refused = { readonly ok: false; readonly errors: readonly FieldError[] };

/** Longest value repeated in an error, in characters. */
const SHOWN_VALUE = 200;

/** Checks `value` against a schema; the errors name every offending field, at most 100 of them. */
export function validate<S extends z.ZodType>(
  schema: S,
  value: unknown,
): { readonly ok: true; readonly value: z.output<S> } | Refused {
  const parsed = schema.safeParse(value, { reportInput: true });
  const reserved = reservedKeys(value, '', 0);
  if (parsed.success && reserved.length === 0) return { ok: true, value: parsed.data };
  const issues = parsed.success ? [] : parsed.error.issues.flatMap((issue) => fieldErrors(issue));
  const known = new Set(issues.map((error) => error.pointer));
  return {
    ok: false,
    errors: [...issues, ...reserved.filter((error) => !known.has(error.pointer))].slice(0, 100),
  };
}

/** `/encounters/0/from` of `['encounters', 0, 'from']`; `~` and `/` inside a name are escaped. */
export function pointerOf(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** Deepest level at which a request of ours has fields. */
const DEEPEST_FIELD = 8;

/** `__proto__` is no field of ours at any level, and is refused even where a schema would pass over it. */
function reservedKeys(value: unknown, pointer: string, depth: number): FieldError[] {
  if (typeof value !== 'object' || value === null || depth > DEEPEST_FIELD) return [];
  if (Array.isArray(value)) {
    return value.flatMap((item, index) =>
      typeof item === 'object' ? reservedKeys(item, `${pointer}/${index}`, depth + 1) : [],
    );
  }
  const found: FieldError[] = [];
  for (const [key, item] of Object.entries(value)) {
    if (key === '__proto__') found.push(unknownField(`${pointer}/__proto__`));
    else if (typeof item === 'object' && item !== null) {
      found.push(...reservedKeys(item, `${pointer}${pointerOf([key])}`, depth + 1));
    }
  }
  return found;
}

function unknownField(pointer: string): FieldError {
  return { pointer, code: 'unknown_field', message: 'this field is not known' };
}

function fieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  const pointer = pointerOf(issue.path);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownField(`${pointer}${pointerOf([key])}`));
    case 'invalid_type':
      return issue.input === undefined
        ? [{ pointer, code: 'required', message: 'this field is required' }]
        : [
            {
              pointer,
              code: 'bad_type',
              message: `want ${issue.expected}, got ${typeName(issue.input)}`,
              ...shown(issue.input),
            },
          ];
    case 'invalid_value':
      return issue.input === undefined
        ? [{ pointer, code: 'required', message: 'this field is required' }]
        : [
            {
              pointer,
              code: 'bad_code',
              message: `allowed: ${issue.values.map(String).join(', ')}`,
              ...shown(issue.input),
            },
          ];
    case 'too_small':
    case 'too_big':
      return [{ pointer, code: 'out_of_range', message: issue.message, ...shown(issue.input) }];
    case 'invalid_format':
      return [{ pointer, code: 'bad_format', message: issue.message, ...shown(issue.input) }];
    case 'custom': {
      const code: unknown = issue.params?.code;
      return [
        {
          pointer,
          code: typeof code === 'string' ? code : 'bad_value',
          message: issue.message,
          ...shown(issue.input),
        },
      ];
    }
    default:
      return [{ pointer, code: 'bad_value', message: issue.message, ...shown(issue.input) }];
  }
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

function shown(value: unknown): Pick<FieldError, 'value'> {
  if (typeof value === 'string') return { value: storable(value.slice(0, SHOWN_VALUE)) };
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return { value };
  return {};
}
