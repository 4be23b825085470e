/**
 * Process of the intake workers: one batch's extract in, canonical records out (src/intake/intake-handler.ts), and the
 * word to the operator's system when a batch has ended (src/intake/webhook.ts).
 * At least once: a reading that broke off is done again from the start. A repeat is harmless because records, reports
 * and the completion are one transaction; a webhook call carries an id by which its receiver knows a repeat.
 */
import { runWorkerProcess } from '../src/runtime.ts';

await runWorkerProcess(['intake', 'webhook']);
