import type { ReferenceData } from '../engine/reference-data.ts';
import { loadCalendar } from './calendar.ts';
import { loadCodes } from './codes.ts';
import { loadEligibility } from './eligibility.ts';
import { loadGapTables } from './gap-tables.ts';
import { loadHhsTables } from './hhs.ts';
import { loadModel, MEDICARE_MODELS } from './models.ts';
import { loadOverCoding } from './over-coding.ts';
import { loadPayment } from './payment.ts';
import { loadQueries } from './queries.ts';
import { loadSpecificity } from './specificity.ts';
import { loadSuspecting } from './suspecting.ts';

/**
 * Loads every mapping package below `root` (`hcc-mappings/`), checksums verified, compiled and ready to score.
 * Throws PackageError naming package, file and reason when one is missing, changed or unreadable.
 */
export function loadReference(root: string): ReferenceData {
  const suspecting = loadSuspecting(root);
  return {
    models: new Map(MEDICARE_MODELS.map((id) => [id, loadModel(root, id)])),
    payment: loadPayment(root),
    codes: loadCodes(root),
    hhs: loadHhsTables(root),
    suspecting,
    queries: loadQueries(root),
    overCoding: loadOverCoding(root, suspecting),
    eligibility: loadEligibility(root),
    calendar: loadCalendar(root),
    gaps: loadGapTables(root),
    specificity: loadSpecificity(root),
  };
}
