/**
 * Process of the analysis workers: chunks of members in, gaps and scores out (src/analysis/analysis-handler.ts).
 * At least once: an item is handed out again when its lease runs out. A repeat is harmless because the same histories
 * give the same rows, and results and completion are one transaction.
 */
import { runWorkerProcess } from '../src/runtime.ts';

await runWorkerProcess(['analysis']);
