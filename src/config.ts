import path from 'node:path';
import { z } from 'zod';
import { packageRoot } from './paths.ts';

/** A secret that prints as `[secret]` everywhere; `.reveal()` is the only way to its text. */
export interface Secret {
  reveal(): string;
}

function secret(text: string): Secret {
  const shown = () => '[secret]';
  return Object.defineProperties({} as Secret, {
    reveal: { value: () => text },
    toString: { value: shown },
    toJSON: { value: shown },
    [Symbol.for('nodejs.util.inspect.custom')]: { value: shown },
  });
}

const port = z.coerce.number().int().min(0).max(65_535);
const count = z.coerce.number().int().min(1);
const optionalText = z
  .string()
  .trim()
  .transform((text) => (text === '' ? null : text))
  .nullable()
  .default(null);
const flag = z
  .enum(['true', 'false', '1', '0', ''])
  .transform((text) => text === 'true' || text === '1')
  .default(false);

/** Every environment variable of the service: its rule, its default and its description (the README table). */
const environment = z.object({
  DATABASE_URL: optionalText.describe(
    'PostgreSQL 15 or newer, e.g. postgres://user@host:5432/hccgap. Absent: the embedded PostgreSQL',
  ),
  REDIS_URL: optionalText.describe(
    "Redis for BullMQ. Absent: BullMQ's PostgreSQL backend in the same database",
  ),
  DATA_DIR: optionalText.describe(
    'Folder of the embedded PostgreSQL and of received extracts. Default: ./data, for root /var/lib/hccgap',
  ),
  MAPPINGS_DIR: optionalText.describe('Folder of the mapping packages. Default: hcc-mappings of the package'),
  HOST: z.string().default('127.0.0.1').describe('Address the API listens on'),
  PORT: port.default(3000).describe('Port the API listens on; 0 takes a free one'),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('Log level'),
  WORKER_CONCURRENCY: count.default(2).describe('Work items a worker process handles at once'),
  DATABASE_POOL: count.default(10).describe('Connections a process keeps to the database'),
  BODY_LIMIT_MB: count
    .default(16)
    .describe('Largest JSON request body; extracts are streamed and have no such limit'),
  BATCH_LIMIT_MB: count.default(5120).describe('Largest extract of one batch'),
  RATE_LIMIT_PER_MINUTE: count.default(6000).describe('Requests a key may make in a minute'),
  TRUST_PROXY: flag.describe('Take the client address from X-Forwarded-For (behind a TLS terminating proxy)'),
  REQUIRE_TLS: flag.describe(
    'Refuse plain connections: DATABASE_URL needs an `sslmode` that encrypts, REDIS_URL `rediss://`, and a request to the API must have come by https (as X-Forwarded-Proto of a trusted proxy says)',
  ),
  INBOX_DIR: optionalText.describe(
    'Folder watched for extracts: one is taken when `NAME.done` stands beside it, or after INBOX_QUIET_MINUTES',
  ),
  INBOX_QUIET_MINUTES: z.coerce
    .number()
    .int()
    .min(0)
    .default(5)
    .describe('Minutes without a change after which an extract without a marker is taken; 0: never'),
  INBOX_TENANT: optionalText.describe('Tenant that owns what arrives in the inbox folder'),
  INBOX_CRON: z
    .string()
    .default('*/1 * * * *')
    .describe('When the inbox folder is looked through (cron pattern)'),
  NIGHTLY_CRON: z
    .string()
    .default('15 5 * * *')
    .describe('When every member is analysed for the new day and raw intake past its time is removed (UTC)'),
  WEBHOOK_URL: optionalText.describe('Called when a batch ends, with its report (counts only)'),
  WEBHOOK_SECRET: optionalText
    .transform((text) => (text === null ? null : secret(text)))
    .describe('Key of the HMAC-SHA256 signature of webhook calls'),
  OIDC_ISSUER: optionalText.describe('Issuer of accepted bearer tokens. Absent: API keys only'),
  OIDC_AUDIENCE: optionalText.describe('Audience of accepted bearer tokens'),
  OIDC_JWKS_URL: optionalText.describe('Key set of the issuer'),
  OIDC_TENANT_CLAIM: z.string().default('tenant').describe('Claim that names the tenant'),
  OIDC_ROLE_CLAIM: z.string().default('role').describe('Claim that names the role'),
  OIDC_MFA_METHODS: optionalText
    .transform((text) => (text === null ? null : text.split(',').map((one) => one.trim())))
    .describe('Values of the `amr` claim, one of which a token must hold, e.g. `mfa,hwk`. Absent: not asked'),
});

type Environment = z.infer<typeof environment>;

export interface Config extends Environment {
  readonly dataDir: string;
  readonly mappingsDir: string;
}

/** Raised when the environment is unusable; the message lists every problem. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Plain HTTP would show the report on the way; on this machine there is no way. */
function webhookFault(url: string | null, given: Secret | null): string | null {
  if (url === null) return null;
  if (given === null)
    return 'WEBHOOK_SECRET: needed with WEBHOOK_URL, so that calls can be told from forgeries';
  const parsed = URL.parse(url);
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(parsed?.hostname ?? '');
  if (parsed?.protocol === 'https:' || (parsed?.protocol === 'http:' && isLocal)) return null;
  return 'WEBHOOK_URL: must be https';
}

const ENCRYPTING = ['require', 'verify-ca', 'verify-full'];

/** Connections that would be plain although TLS is required (security E-1). */
function plainConnections(env: Environment): readonly string[] {
  if (!env.REQUIRE_TLS) return [];
  const database = env.DATABASE_URL === null ? null : URL.parse(env.DATABASE_URL);
  const isPlain = (url: URL | null) => !ENCRYPTING.includes(url?.searchParams.get('sslmode') ?? '');
  return [
    ...(env.DATABASE_URL !== null && isPlain(database)
      ? [`DATABASE_URL: REQUIRE_TLS asks for sslmode=${ENCRYPTING.join('|')}`]
      : []),
    ...(env.REDIS_URL !== null && URL.parse(env.REDIS_URL)?.protocol !== 'rediss:'
      ? ['REDIS_URL: REQUIRE_TLS asks for rediss://']
      : []),
    ...(env.TRUST_PROXY ? [] : ['TRUST_PROXY: REQUIRE_TLS needs the proxy that ends TLS']),
  ];
}

/** Parses the environment once, at start. Throws {@link ConfigError} naming every variable that is wrong, not its value. */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const parsed = environment.safeParse(env);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
    throw new ConfigError(`the environment is unusable:\n${problems.join('\n')}`);
  }
  const fault = webhookFault(parsed.data.WEBHOOK_URL, parsed.data.WEBHOOK_SECRET);
  const faults = [...(fault === null ? [] : [fault]), ...plainConnections(parsed.data)];
  if (faults.length > 0) throw new ConfigError(`the environment is unusable:\n  ${faults.join('\n  ')}`);
  const root = packageRoot();
  const isRoot = process.getuid?.() === 0;
  return {
    ...parsed.data,
    dataDir: path.resolve(parsed.data.DATA_DIR ?? (isRoot ? '/var/lib/hccgap' : path.join(root, 'data'))),
    mappingsDir: path.resolve(parsed.data.MAPPINGS_DIR ?? path.join(root, 'hcc-mappings')),
  };
}

/** The README's table of variables: name, default, description. */
export function configMarkdown(): string {
  const rows = Object.entries(environment.shape).map(([name, schema]) => {
    const fallback = schema.safeParse(undefined);
    const value = fallback.success ? fallback.data : null;
    const shown = value === null || value === undefined ? '' : `\`${String(value)}\``;
    return `| \`${name}\` | ${shown} | ${schema.description ?? ''} |`;
  });
  return ['| variable | default | meaning |', '| --- | --- | --- |', ...rows].join('\n');
}
