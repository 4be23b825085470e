import { z } from 'zod';

/** One fault of a request: where (JSON pointer), which rule (code) and in words. */
export interface ProblemItem {
  readonly pointer: string;
  readonly code: string;
  readonly message: string;
  readonly value?: unknown;
}

/**
 * Every problem type the service answers with. `docs/api.md` prints this table (checked by a test), and
 * `GET /problems/{name}` serves the entry, so that each `type` URI resolves.
 */
export const PROBLEM_TYPES = {
  'malformed-body': { status: 400, title: 'The body cannot be read', when: 'not JSON, or cut short' },
  validation: {
    status: 400,
    title: 'The request breaks its schema',
    when: 'a field is missing, unknown or has a value its rule refuses; errors[] names each',
  },
  'bad-cursor': { status: 400, title: 'The cursor is not one of this list', when: 'a cursor was altered' },
  unauthenticated: {
    status: 401,
    title: 'Who is calling is not known',
    when: 'no credential, or one that is unknown, expired or revoked',
  },
  forbidden: { status: 403, title: 'The role may not do this', when: 'docs/roles.md has no such right' },
  'not-found': {
    status: 404,
    title: 'There is no such resource',
    when: "it never was, or it is another tenant's: both answer alike",
  },
  'method-not-allowed': {
    status: 405,
    title: 'The address is not served by this method',
    when: 'the address is right and the method is not; Allow names those that are',
  },
  'not-acceptable': { status: 406, title: 'No such representation', when: 'Accept names none we have' },
  conflict: { status: 409, title: 'The state does not allow this', when: 'e.g. a batch that has ended' },
  'version-conflict': {
    status: 409,
    title: 'Someone else changed it first',
    when: 'If-Match names an older version; the newer state is in `current`',
  },
  'illegal-transition': {
    status: 409,
    title: 'The gap cannot move that way',
    when: 'the table of transitions has no such step from the present state',
  },
  'override-required': {
    status: 409,
    title: 'An unspecified code needs a reason',
    when: 'supporting detail is on record; send overrideReason to keep the unspecified code',
  },
  'idempotency-in-progress': {
    status: 409,
    title: 'The first request with this key is still running',
    when: 'the same Idempotency-Key twice at once; try again later',
  },
  'payload-too-large': {
    status: 413,
    title: 'The body is larger than the limit',
    when: 'nothing of it was taken; it is never truncated',
  },
  'unsupported-media-type': { status: 415, title: 'The content type is not read here', when: 'wrong type' },
  unprocessable: {
    status: 422,
    title: 'The request is well-formed but cannot be served',
    when: 'a domain rule refuses it, e.g. a payment year without parameters; errors[] says why',
  },
  'evidence-required': {
    status: 422,
    title: 'A diagnosis needs its evidence',
    when: 'an add without encounterId, locator and meat[] (compliance rule C-3)',
  },
  'idempotency-mismatch': {
    status: 422,
    title: 'The key was used for another request',
    when: 'an Idempotency-Key comes again with another body or address',
  },
  'precondition-required': {
    status: 428,
    title: 'The version acted on must be stated',
    when: 'a transition without If-Match',
  },
  'rate-limited': { status: 429, title: 'Too many requests', when: 'see Retry-After' },
  internal: {
    status: 500,
    title: 'The service failed',
    when: 'a fault of ours; `instance` finds it in the log',
  },
  unavailable: {
    status: 503,
    title: 'The service cannot serve this now',
    when: 'a database or queue is away, or the process is under pressure; see Retry-After',
  },
  'insufficient-storage': {
    status: 507,
    title: 'There is no room for it',
    when: 'the disk of the service is full or its quota used up; nothing of the request was kept',
  },
} as const;

export type ProblemName = keyof typeof PROBLEM_TYPES;

/** RFC 9457 body. `type` is relative to the service's own address and resolves there. */
export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly errors?: readonly ProblemItem[];
  readonly [extension: string]: unknown;
}

interface ProblemOptions {
  readonly errors?: readonly ProblemItem[];
  /** Extension members of the body, e.g. `current`. */
  readonly extensions?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** A refusal the caller is meant to read. The detail holds no PHI. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly problem: ProblemName;
  readonly statusCode: number;
  readonly errors: readonly ProblemItem[] | undefined;
  readonly extensions: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(problem: ProblemName, detail: string, options: ProblemOptions = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.problem = problem;
    this.statusCode = PROBLEM_TYPES[problem].status;
    this.errors = options.errors;
    this.extensions = options.extensions ?? {};
    this.headers = options.headers ?? {};
  }
}

/** The body of a problem; `instance` is the request id. */
export function problemBody(
  problem: ProblemName,
  detail: string,
  instance: string,
  rest: { readonly errors?: readonly ProblemItem[] | undefined; readonly extensions?: object } = {},
): ProblemBody {
  const { status, title } = PROBLEM_TYPES[problem];
  return {
    type: `/problems/${problem}`,
    title,
    status,
    detail,
    instance: `urn:uuid:${instance}`,
    ...(rest.errors ? { errors: rest.errors } : {}),
    ...rest.extensions,
  };
}

/** 404 in one wording, whether the thing is missing or another tenant's (security T-3). */
export function notFound(what: string): ProblemError {
  return new ProblemError('not-found', `there is no such ${what}`);
}

export const problemSchema = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string(),
    errors: z
      .array(
        z.object({
          pointer: z.string(),
          code: z.string(),
          message: z.string(),
          value: z.unknown().optional(),
        }),
      )
      .optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details' });

type Problems<S extends number> = Record<S, typeof problemSchema>;

/** Response entries of a route for the statuses named, beside those every route of `/v1` can give. */
export function problems<const S extends number>(
  ...statuses: readonly S[]
): Problems<S | 400 | 401 | 403 | 406 | 429 | 500 | 503> {
  const all = [400, 401, 403, 406, 429, 500, 503, ...statuses];
  // The keys are exactly the statuses listed above; fromEntries cannot say so in its type.
  return Object.fromEntries(all.map((status) => [status, problemSchema])) as Problems<
    S | 400 | 401 | 403 | 406 | 429 | 500 | 503
  >;
}
