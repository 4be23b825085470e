/**
 * A worker as a process of its own, to be killed. Its analysis is made up; a member whose history holds the code
 * KILL ends the process, and with SLOW=1 every member takes a while.
 */
import { setTimeout } from 'node:timers/promises';
import { analysisHandler } from '../../src/analysis/analysis-handler.ts';
import { startWorkers } from '../../src/jobs/workers.ts';
import { openDatabase } from '../../src/store/database.ts';
import { madeUpAnalysis, RULE_CALENDAR } from './made-up-analysis.ts';

const { DATABASE_URL = '', REDIS_URL, PREFIX = '', LEASE_MS = '1500', SLOW } = process.env;
const db = openDatabase({ url: DATABASE_URL, max: 6 });
const analyse = analysisHandler({
  analyze(history, options, identity) {
    const codes = history.encounters.flatMap((encounter) => encounter.diagnoses.map((item) => item.code));
    if (codes.includes('KILL')) process.kill(process.pid, 'SIGKILL');
    return madeUpAnalysis(history, options, identity);
  },
  calendar: RULE_CALENDAR,
  now: () => new Date(),
});
await startWorkers({
  db,
  databaseUrl: DATABASE_URL,
  redisUrl: REDIS_URL ?? null,
  prefix: PREFIX,
  concurrency: 2,
  leaseMs: Number(LEASE_MS),
  sweepMs: 200,
  repeatAfterMs: 1_000,
  backoffMs: 50,
  handlers: {
    async analysis(item, context) {
      process.stdout.write(`began ${item.id}\n`);
      if (SLOW === '1') await setTimeout(60_000);
      await analyse(item, context);
    },
  },
});
process.stdout.write('ready\n');
