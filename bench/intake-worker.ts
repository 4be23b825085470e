import { analyzeMembers } from '../src/analysis/analyze-members.ts';
import { analyzeHistory } from '../src/engine/analyze.ts';
import { loadReference } from '../src/reference/load.ts';
import { openDatabase } from '../src/store/database.ts';

/** What the bench sends: where to work, then chunks of members one by one. */
export type ToWorker =
  | { readonly url: string; readonly tenantId: string; readonly runId: string; readonly asOf: string }
  | { readonly memberKeys: readonly string[] };
/** `done` members since the last message (0: ready), and the largest resident memory so far in bytes. */
export interface FromWorker {
  readonly done: number;
  readonly peak: number;
}

/** One analysis process of the intake bench: analyses the chunks it is sent, without the queue. */
function serve(): void {
  const reference = loadReference('hcc-mappings');
  const answer = (done: number) => {
    process.send?.({ done, peak: process.resourceUsage().maxRSS * 1024 } satisfies FromWorker);
  };
  let place: Extract<ToWorker, { url: string }> | null = null;
  let db: ReturnType<typeof openDatabase> | null = null;
  process.on('message', async (message: ToWorker) => {
    if ('url' in message) {
      place = message;
      db = openDatabase({ url: message.url, max: 2 });
      answer(0);
      return;
    }
    if (place === null || db === null) throw new Error('a chunk came before the place');
    const { tenantId, runId, asOf } = place;
    const { memberKeys } = message;
    await analyzeMembers(
      db,
      { tenantId, runId, memberKeys, asOf, paymentYears: null, lookbackYears: 2 },
      {
        analyze: (history, given, identity) => analyzeHistory(reference, history, given, identity),
        calendar: reference.calendar,
        now: () => new Date(`${asOf}T12:00:00Z`),
        checkpoint: () => undefined,
      },
    );
    answer(memberKeys.length);
  });
  process.on('disconnect', () => void db?.pool.end());
}

if (process.send !== undefined) serve();
