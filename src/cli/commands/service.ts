import { type Command, Option } from 'commander';
import { createKey } from '../../api/keys.ts';
import { ROLES } from '../../api/roles.ts';
import { createLogger, openFoundation } from '../../composition.ts';
import { loadConfig } from '../../config.ts';
import { isIsoDate } from '../../engine/dates.ts';
import { INTAKE_FORMATS } from '../../intake/parser.ts';
import { openRuntime, runWorkerProcess, untilStopped } from '../../runtime.ts';
import { verifyAudit } from '../../store/audit.ts';
import { type Database, withSystem, withTenant } from '../../store/database.ts';
import {
  createApiKey,
  createTenant,
  findTenant,
  listApiKeys,
  listTenants,
  revokeApiKey,
} from '../../store/tenancy.ts';
import { CommandError, say } from '../exit.ts';
import { quickstart } from '../quickstart.ts';
import { reportOfBatch, sayRejects } from '../rejects.ts';
import { submitExtract, waitForBatch } from '../submit-extract.ts';

interface SubmitFlags {
  readonly tenant: string;
  readonly asOf?: string;
  readonly format?: string;
  readonly program?: string;
  readonly memberIdSystems?: string;
  readonly nonFinalDiagnoses?: true;
  readonly lenientX12?: true;
  readonly wait: boolean;
}

interface KeyFlags {
  readonly tenant: string;
  readonly role: string;
  readonly name: string;
  readonly npi?: string;
  readonly contracts?: string;
  readonly expires?: string;
}

/** `serve`, `worker`, `migrate`, `quickstart`, `submit`, `keys`, `audit`: what needs the database. */
export function addServiceCommands(program: Command): void {
  program
    .command('serve')
    .description('Runs the API and, unless told otherwise, the workers in this process')
    .option('--no-worker', 'only the API; workers run elsewhere')
    .action((flags: { readonly worker: boolean }) => serve(flags.worker));

  program
    .command('worker')
    .description('Runs the workers: intake, analysis, sweeper')
    .action(() => runWorkerProcess(true));

  program
    .command('migrate')
    .description("Brings the database to this version's schema")
    .action(async () => {
      await withDatabase(async () => say('the database is up to date'));
    });

  program
    .command('quickstart')
    .description('Demo tenant and keys, the extract in seeds/, both review lists and the RAF; then serves')
    .option('--exit', 'stop after printing')
    .action((flags: { readonly exit?: boolean }) => quickstart({ exit: flags.exit ?? false }));

  addSubmit(program);
  addKeys(program);
  program
    .command('audit')
    .description('The audit log')
    .command('verify')
    .description("Works every tenant's hash chain out again; exit 1 when one does not hold")
    .action(() => withDatabase(verifyChains));
}

async function serve(worker: boolean): Promise<void> {
  const runtime = await openRuntime({ workers: worker });
  try {
    const address = await runtime.listen();
    say(`API at ${address}, documentation at ${address}/docs`);
    await untilStopped();
  } finally {
    await runtime.close();
  }
}

function addSubmit(program: Command): void {
  program
    .command('submit <path>')
    .description(
      'Submits an extract (file, folder, gzip or zip; the format is found out) and waits for its end',
    )
    .requiredOption('-t, --tenant <name>', 'tenant that owns the data')
    .option('--as-of <date>', 'today of the extract (YYYY-MM-DD); default: today')
    .addOption(new Option('--format <format>', 'overrides detection').choices([...INTAKE_FORMATS]))
    .addOption(
      new Option('--program <program>', 'of members whose extract names none').choices(['ma', 'pace', 'aca']),
    )
    .option(
      '--member-id-systems <list>',
      'FHIR: identifier systems whose value is the member id, comma-separated',
    )
    .option(
      '--non-final-diagnoses',
      'admitting diagnoses and reasons for visit count as diagnoses of the claim',
    )
    .option('--lenient-x12', 'faulty X12 envelopes and composites are read with a warning')
    .option('--no-wait', 'return when the extract is received; workers elsewhere do the rest')
    .action(async (place: string, flags: SubmitFlags) => {
      if (flags.asOf !== undefined && !isIsoDate(flags.asOf)) {
        throw new CommandError('--as-of: not a calendar date (want YYYY-MM-DD)');
      }
      const runtime = await openRuntime({ workers: flags.wait, defaults: { LOG_LEVEL: 'warn' } });
      try {
        const tenantId = await tenantIdOf(runtime.foundation.db, flags.tenant);
        const { asOf, format, program: lineOfBusiness } = flags;
        const received = await submitExtract(runtime.foundation, runtime.sender, {
          tenantId,
          subject: 'cli',
          place,
          choices: {
            asOf,
            format,
            program: lineOfBusiness,
            memberIdSystems: flags.memberIdSystems?.split(','),
            includeNonFinalDiagnoses: flags.nonFinalDiagnoses,
            lenientX12: flags.lenientX12,
          },
        });
        if (!received.created) say('the same content was submitted before; nothing is done twice');
        const batch = flags.wait
          ? await waitForBatch(runtime.foundation, tenantId, received.batch.batchId)
          : received.batch;
        const { batchId, state, rejected } = batch;
        const report = await reportOfBatch(runtime.foundation.db, tenantId, batch);
        process.stdout.write(`${JSON.stringify(report)}\n`);
        if (rejected > 0 || state === 'failed') await sayRejects(runtime.foundation.db, tenantId, batchId);
        process.exitCode = state === 'failed' ? 2 : rejected > 0 ? 1 : 0;
      } finally {
        await runtime.close();
      }
    });
}

function addKeys(program: Command): void {
  const keys = program.command('keys').description('API keys of a tenant');
  keys
    .command('create')
    .description('Makes a key and prints it, this once; makes the tenant when it is new')
    .requiredOption('-t, --tenant <name>', 'tenant')
    .addOption(new Option('-r, --role <role>', 'role').choices([...ROLES]).makeOptionMandatory())
    .option('-n, --name <text>', 'what the key is for', 'made on the command line')
    .option('--npi <npi>', 'provider keys: whose patients it may see')
    .option('--contracts <list>', 'contracts it is limited to, comma-separated')
    .option('--expires <date>', 'last moment of validity (ISO date or date-time)')
    .action((flags: KeyFlags) => withDatabase((db) => createKeyOf(db, flags)));
  keys
    .command('list')
    .description("A tenant's keys, one JSON object a line; never the secrets")
    .requiredOption('-t, --tenant <name>', 'tenant')
    .action((flags: { readonly tenant: string }) =>
      withDatabase(async (db) => {
        const tenantId = await tenantIdOf(db, flags.tenant);
        const found = await withTenant(db, tenantId, (tx) => listApiKeys(tx));
        process.stdout.write(`${found.map((key) => JSON.stringify(key)).join('\n')}\n`);
      }),
    );
  keys
    .command('revoke <keyId>')
    .description('Ends a key at once')
    .requiredOption('-t, --tenant <name>', 'tenant')
    .action((keyId: string, flags: { readonly tenant: string }) =>
      withDatabase(async (db) => {
        const tenantId = await tenantIdOf(db, flags.tenant);
        const revocation = { keyId, by: 'cli', at: new Date().toISOString() };
        const revoked = await withTenant(db, tenantId, (tx) => revokeApiKey(tx, revocation));
        if (revoked === undefined)
          throw new CommandError(`no working key ${keyId} in tenant ${flags.tenant}`, 1);
        say(`key ${keyId} is revoked`);
      }),
    );
}

async function createKeyOf(db: Database, flags: KeyFlags): Promise<void> {
  const expiresAt = flags.expires === undefined ? null : new Date(flags.expires);
  if (expiresAt !== null && Number.isNaN(expiresAt.getTime()))
    throw new CommandError('--expires: not a date');
  const tenant = await withSystem(
    db,
    async (tx) => (await findTenant(tx, flags.tenant)) ?? (await createTenant(tx, flags.tenant)),
  );
  if (tenant === undefined) throw new CommandError(`tenant ${flags.tenant} could not be made`);
  const made = createKey();
  const stored = await withTenant(db, tenant.tenantId, (tx) =>
    createApiKey(tx, {
      name: flags.name,
      role: flags.role,
      prefix: made.prefix,
      hash: made.hash,
      npi: flags.npi ?? null,
      contracts: flags.contracts?.split(',').map((contract) => contract.trim()) ?? null,
      createdBy: 'cli',
      expiresAt: expiresAt?.toISOString() ?? null,
    }),
  );
  process.stdout.write(
    `${JSON.stringify({ key: made.key, keyId: stored.keyId, tenant: tenant.name, role: stored.role })}\n`,
  );
}

async function tenantIdOf(db: Database, name: string): Promise<string> {
  const tenant = await withSystem(db, (tx) => findTenant(tx, name));
  if (tenant === undefined)
    throw new CommandError(`there is no tenant ${name}; \`hccgap keys create\` makes one`);
  return tenant.tenantId;
}

async function verifyChains(db: Database): Promise<void> {
  const tenants = await withSystem(db, (tx) => listTenants(tx));
  for (const { tenantId, name } of tenants) {
    const verdict = await withTenant(db, tenantId, (tx) => verifyAudit(tx));
    process.stdout.write(`${JSON.stringify({ tenant: name, ...verdict })}\n`);
    if (!verdict.ok) process.exitCode = 1;
  }
}

async function withDatabase(work: (db: Database) => Promise<void>): Promise<void> {
  const config = loadConfig({ LOG_LEVEL: 'warn', ...process.env });
  const foundation = await openFoundation(config, createLogger(config));
  try {
    await work(foundation.db);
  } finally {
    await foundation.close();
  }
}
