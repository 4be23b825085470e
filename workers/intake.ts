/**
 * Process of the intake workers: one batch's extract in, canonical records out (src/intake/intake-handler.ts).
 * At least once: a reading that broke off is done again from the start. A repeat is harmless because records are
 * upserted by key, and the last chunk, the reports and the completion are one transaction.
 */
import { runWorkerProcess } from '../src/runtime.ts';

await runWorkerProcess(['intake']);
