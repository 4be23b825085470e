import type { CompiledModel } from '../engine/model.ts';
import { type PaymentOverride, withPaymentOverrides } from '../engine/payment-overrides.ts';
import type { ReferenceData } from '../engine/reference-data.ts';
import type { ModelId } from '../engine/score-contract.ts';
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
 * The reference data of `loadReference`, each part read (checksums verified) when it is first asked for: a command
 * that scores one line reads one model. The service reads everything at its start instead, so that a package that
 * is not whole stops it there. The payment parameters are those loaded with `overrides` in their place. Throws
 * PackageError where a part that is used is missing, changed or unreadable.
 */
export function loadReferenceOnUse(root: string, overrides: readonly PaymentOverride[] = []): ReferenceData {
  const suspecting = once(() => loadSuspecting(root));
  const parts = {
    payment: once(() => withPaymentOverrides(loadPayment(root), overrides)),
    codes: once(() => loadCodes(root)),
    hhs: once(() => loadHhsTables(root)),
    queries: once(() => loadQueries(root)),
    overCoding: once(() => loadOverCoding(root, suspecting())),
    eligibility: once(() => loadEligibility(root)),
    calendar: once(() => loadCalendar(root)),
    gaps: once(() => loadGapTables(root)),
    specificity: once(() => loadSpecificity(root)),
  };
  return {
    models: modelsOnUse(root),
    get payment() {
      return parts.payment();
    },
    get codes() {
      return parts.codes();
    },
    get hhs() {
      return parts.hhs();
    },
    get suspecting() {
      return suspecting();
    },
    get queries() {
      return parts.queries();
    },
    get overCoding() {
      return parts.overCoding();
    },
    get eligibility() {
      return parts.eligibility();
    },
    get calendar() {
      return parts.calendar();
    },
    get gaps() {
      return parts.gaps();
    },
    get specificity() {
      return parts.specificity();
    },
  };
}

function once<T>(load: () => T): () => T {
  let held: { readonly value: T } | null = null;
  return () => {
    held ??= { value: load() };
    return held.value;
  };
}

function modelsOnUse(root: string): ReadonlyMap<ModelId, CompiledModel> {
  const loaded = new Map<ModelId, CompiledModel>();
  const ids: ReadonlySet<ModelId> = new Set(MEDICARE_MODELS);
  const load = (id: ModelId): CompiledModel => {
    const model = loaded.get(id) ?? loadModel(root, id);
    loaded.set(id, model);
    return model;
  };
  /** Every model, in the order of `loadReference`. */
  const all = (): ReadonlyMap<ModelId, CompiledModel> => new Map(MEDICARE_MODELS.map((id) => [id, load(id)]));
  return {
    get: (id) => (ids.has(id) ? load(id) : undefined),
    has: (id) => ids.has(id),
    size: ids.size,
    forEach: (visit) => all().forEach(visit),
    entries: () => all().entries(),
    keys: () => all().keys(),
    values: () => all().values(),
    [Symbol.iterator]: () => all()[Symbol.iterator](),
  };
}
