/**
 * Process of the clock and the sweeper: hands due work items to the queue and starts what comes by the clock.
 * At least once: an item may be handed out twice. A repeat is harmless because the worker's lease decides who does it.
 */
import { runWorkerProcess } from '../src/runtime.ts';

await runWorkerProcess([]);
