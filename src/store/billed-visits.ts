import type { Condition, Encounter } from '../engine/history.ts';
import type { HistoryRow } from './history-rows.ts';

interface Visited {
  readonly encounters: readonly Encounter[];
  readonly conditions: readonly Condition[];
}

/**
 * What is said of visits that a claim bills, in whichever order the two arrived, as long as the claim stands: the visit
 * carries no diagnoses of its own, and what was documented there is a note of the claim's record
 * (docs/decisions/intake-fhir-identity.md).
 */
export function withBilledVisits<T extends Visited>(visitClaims: readonly HistoryRow[], history: T): T {
  if (visitClaims.length === 0) return history;
  const over = new Set(
    history.encounters.flatMap(({ claimStatus, replacesEncounterId }) =>
      claimStatus === 'original' ? [] : [replacesEncounterId],
    ),
  );
  const standing = new Set(
    history.encounters.flatMap(({ encounterId, claimStatus }) =>
      claimStatus === 'void' || over.has(encounterId) ? [] : [encounterId],
    ),
  );
  const claims = new Map(
    visitClaims.flatMap(({ encounter_id: visit, claim_id: claim }) =>
      typeof visit === 'string' && typeof claim === 'string' && standing.has(claim) ? [[visit, claim]] : [],
    ),
  );
  return {
    ...history,
    encounters: history.encounters.map((encounter) =>
      encounter.source === 'ehr' && claims.has(encounter.encounterId)
        ? { ...encounter, diagnoses: [] }
        : encounter,
    ),
    conditions: history.conditions.map((condition) => {
      const claim = condition.encounterId === null ? undefined : claims.get(condition.encounterId);
      return claim === undefined ? condition : { ...condition, encounterId: claim };
    }),
  };
}
