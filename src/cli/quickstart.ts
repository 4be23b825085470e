import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createKey, hashOf, parseKey } from '../api/keys.ts';
import type { Role } from '../api/roles.ts';
import { packageRoot } from '../paths.ts';
import { openRuntime, type Runtime, untilStopped } from '../runtime.ts';
import type { Batch } from '../store/batches.ts';
import { type Database, withSystem, withTenant } from '../store/database.ts';
import type { StoredGap } from '../store/gaps.ts';
import { externalIdsOf } from '../store/members.ts';
import { type PopulationRaf, populationRaf } from '../store/population-raf.ts';
import { createApiKey, createTenant, findKeyByPrefix, findTenant, type Tenant } from '../store/tenancy.ts';
import { totalWorklist } from '../store/worklist-totals.ts';
import { worklistPage } from '../store/worklists.ts';
import { CommandError, say } from './exit.ts';
import { submitExtract, waitForBatch } from './submit-extract.ts';

const TENANT = 'demo';
const KEY_ROLES: readonly Role[] = ['coder', 'analyst', 'lead', 'submitter', 'provider', 'admin'];
/** The day the made-up extract was drawn; the demo looks at it as of then, so that it shows the same every day. */
const EXTRACT_DAY = '2026-11-23';
const SHOWN_GAPS = 5;

/**
 * The demo from an empty machine: database, tenant, keys, the extract in `seeds/` through the same intake and queue as
 * any batch, then what the three users would ask for. Run again, it changes nothing and prints the same.
 */
export async function quickstart(options: { readonly exit: boolean }): Promise<void> {
  const runtime = await openRuntime({ workers: true, defaults: { LOG_LEVEL: 'warn' } });
  try {
    const { foundation, sender } = runtime;
    const tenant = await demoTenant(foundation.db);
    const keys = await demoKeys(runtime, tenant);
    const received = await submitExtract(foundation, sender, {
      tenantId: tenant.tenantId,
      subject: 'quickstart',
      place: path.join(packageRoot(), 'seeds', 'extract'),
      choices: { asOf: EXTRACT_DAY },
    });
    if (!received.created) say('the extract had been taken before: nothing changes');
    const batch = await waitForBatch(foundation, tenant.tenantId, received.batch.batchId);
    if (batch.state !== 'completed') {
      throw new CommandError(`the demo batch ended as ${batch.state}: ${batch.error ?? 'no reason given'}`);
    }
    const address = options.exit ? `http://127.0.0.1:${runtime.config.PORT}` : await runtime.listen();
    process.stdout.write(await summary(foundation.db, { tenant, batch, keys, address }));
    if (options.exit) {
      say('nothing is serving now; without --exit the same command goes on to serve');
      return;
    }
    say(`serving at ${address}, documentation at ${address}/docs; Ctrl-C ends it`);
    await untilStopped();
  } finally {
    await runtime.close();
  }
}

async function demoTenant(db: Database): Promise<Tenant> {
  const tenant = await withSystem(
    db,
    async (tx) => (await findTenant(tx, TENANT)) ?? (await createTenant(tx, TENANT)),
  );
  if (tenant === undefined) throw new CommandError('the demo tenant could not be made');
  return tenant;
}

type Keys = Readonly<Partial<Record<Role, string>>>;

/** Keys are stored as hashes only, so the demo keeps its own in a file that only this user can read. */
async function demoKeys(runtime: Runtime, tenant: Tenant): Promise<Keys> {
  const { db } = runtime.foundation;
  const file = path.join(runtime.config.dataDir, 'demo-keys.json');
  const known: Keys = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Keys) : {};
  const keys: Partial<Record<Role, string>> = {};
  for (const role of KEY_ROLES) {
    const kept = known[role];
    keys[role] =
      kept !== undefined && (await works(db, tenant, kept)) ? kept : await makeKey(db, tenant, role);
  }
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600 });
  return keys;
}

async function works(db: Database, tenant: Tenant, key: string): Promise<boolean> {
  const parsed = parseKey(key);
  if (parsed === null) return false;
  const stored = await withSystem(db, (tx) => findKeyByPrefix(tx, parsed.prefix));
  return (
    stored?.tenantId === tenant.tenantId &&
    stored.revokedAt === null &&
    stored.secretHash === hashOf(parsed.secret)
  );
}

/** The NPI of the provider whose questions the demo's provider key may see. */
const DEMO_NPI = '1234567893';

async function makeKey(db: Database, tenant: Tenant, role: Role): Promise<string> {
  const made = createKey();
  await withTenant(db, tenant.tenantId, (tx) =>
    createApiKey(tx, {
      name: `demo ${role}`,
      role,
      prefix: made.prefix,
      hash: made.hash,
      npi: role === 'provider' ? DEMO_NPI : null,
      contracts: null,
      createdBy: 'quickstart',
      expiresAt: null,
    }),
  );
  return made.key;
}

interface Shown {
  readonly tenant: Tenant;
  readonly batch: Batch;
  readonly keys: Keys;
  readonly address: string;
}

async function summary(db: Database, { tenant, batch, keys, address }: Shown): Promise<string> {
  const lists = await withTenant(db, tenant.tenantId, async (tx) => ({
    raf: await populationRaf(tx),
    prospective: await worklistPage(tx, { list: 'prospective' }, { limit: SHOWN_GAPS, after: null }),
    retrospective: await worklistPage(tx, { list: 'retrospective' }, { limit: SHOWN_GAPS, after: null }),
    totals: {
      prospective: await totalWorklist(tx, { list: 'prospective' }),
      retrospective: await totalWorklist(tx, { list: 'retrospective' }),
    },
  }));
  const shown = [...lists.prospective, ...lists.retrospective].map((gap) => gap.memberKey);
  const names = await withTenant(db, tenant.tenantId, (tx) => externalIdsOf(tx, shown));
  const count = (list: 'prospective' | 'retrospective') =>
    lists.totals[list].map((total) => `${total.gaps} ${total.direction}`).join(', ') || 'none';
  const rows = (gaps: readonly StoredGap[]) => gaps.map((gap) => gapLine(gap, names)).join('\n');
  return `
Extract of ${EXTRACT_DAY} (made-up people), batch ${batch.batchId}
  received ${batch.received} = accepted ${batch.accepted} + rejected ${batch.rejected}   (duplicates among the accepted: ${batch.duplicates})
  members analysed: ${batch.membersDone}

Population RAF (mean payment score; "if closed" is one joint rescoring a member, adds and deletes alike)
${lists.raf.map(rafLine).join('\n')}

Prospective worklist: ${count('prospective')}
${rows(lists.prospective)}

Retrospective worklist: ${count('retrospective')}
${rows(lists.retrospective)}

Try it:
  curl -s -H 'x-api-key: ${keys.coder}' '${address}/v1/worklists/prospective?limit=3'
  curl -s -H 'x-api-key: ${keys.analyst}' -H 'accept: text/csv' '${address}/v1/worklists/retrospective'
  curl -s -H 'x-api-key: ${keys.analyst}' -H 'content-type: application/json' '${address}/v1/raf/score' \\
    -d '{"model":"cms-hcc-v28","paymentYear":2027,"member":{"sex":"F","age":77,"dualStatus":"00"},"diagnoses":["E11.9","I50.32"]}'
`;
}

function rafLine(raf: PopulationRaf): string {
  const score = (value: number | null) => (value === null ? '-' : value.toFixed(3));
  return `  PY${raf.paymentYear}: ${raf.members} members, current ${score(raf.paymentCurrent)}, if every open gap closed ${score(raf.paymentIfClosed)}`;
}

function gapLine({ gap, memberKey }: StoredGap, names: ReadonlyMap<string, string>): string {
  const payment = gap.impact?.payment ?? null;
  const worth = payment === null ? 'no figure' : `${payment >= 0 ? '+' : ''}${payment.toFixed(3)}`;
  const head = `${names.get(memberKey) ?? memberKey}  PY${gap.dosYear + 1}  ${gap.kind}  HCC ${gap.hcc}  ${gap.confidence}  ${worth}  by ${gap.act.by ?? 'no date'}`;
  return `  ${head}\n      ${gap.explanation}`;
}
