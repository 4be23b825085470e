import type { Encounter, MemberHistory } from '../../src/engine/history.ts';
import { withBilledVisits } from '../../src/store/billed-visits.ts';
import type { HistoryRow } from '../../src/store/history-rows.ts';
import type { CanonicalRecord, Feed } from '../../src/store/records.ts';

type Open<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer Item)[] | null ? Item[] : T[K] };

/** The histories that a store would hold after these records, in the order of the members' first appearance. */
export function historiesOf(records: readonly CanonicalRecord[]): MemberHistory[] {
  const histories = new Map<string, Open<MemberHistory>>();
  const encounters = new Map<string, Open<Encounter>>();
  const feeds = new Set<Feed>();
  const visits: HistoryRow[] = [];
  const of = (memberId: string): Open<MemberHistory> => {
    const known = histories.get(memberId);
    if (known) return known;
    const fresh: Open<MemberHistory> = {
      memberId,
      birthDate: '1900-01-01',
      sex: 'F',
      deathDate: null,
      coverage: [],
      encounters: [],
      conditions: [],
      observations: [],
      medications: [],
      procedures: [],
      appointments: [],
    };
    histories.set(memberId, fresh);
    return fresh;
  };
  const encounterOf = (memberId: string, encounterId: string): Open<Encounter> | undefined =>
    encounters.get(`${memberId}\t${encounterId}`);
  for (const record of records) {
    const history = of(record.memberId);
    switch (record.kind) {
      case 'member':
        history.birthDate = record.birthDate ?? history.birthDate;
        history.sex = record.sex ?? history.sex;
        history.deathDate = record.deathDate ?? history.deathDate;
        for (const feed of record.feeds ?? []) feeds.add(feed);
        break;
      case 'coverage':
        history.coverage.push(record.period);
        break;
      case 'encounter': {
        const encounter: Open<Encounter> = { ...record.encounter, lines: [], diagnoses: [] };
        encounters.set(`${record.memberId}\t${encounter.encounterId}`, encounter);
        history.encounters.push(encounter);
        break;
      }
      case 'service_line':
        encounterOf(record.memberId, record.encounterId)?.lines.push(record.line);
        break;
      case 'diagnosis':
        encounterOf(record.memberId, record.encounterId)?.diagnoses.push({
          code: record.code,
          position: record.position,
        });
        break;
      case 'condition':
        history.conditions.push(record.condition);
        break;
      case 'observation':
        history.observations.push(record.observation);
        feeds.add('observations');
        break;
      case 'medication':
        history.medications.push(record.medication);
        feeds.add('medications');
        break;
      case 'procedure':
        history.procedures.push(record.procedure);
        feeds.add('procedures');
        break;
      case 'appointment':
        history.appointments.push(record.appointment);
        break;
      case 'visit_claim':
        visits.push({
          member_id: record.memberId,
          encounter_id: record.encounterId,
          claim_id: record.claimId,
        });
        break;
      case 'encounter_status':
      case 'claim_resource':
      case 'paid_raf':
        break;
    }
  }
  const joined = [...histories.values()].map((history) =>
    withBilledVisits(
      visits.filter((visit) => visit.member_id === history.memberId),
      history,
    ),
  );
  return joined.map((history) => ({
    ...history,
    observations: feeds.has('observations') ? history.observations : null,
    medications: feeds.has('medications') ? history.medications : null,
    procedures: feeds.has('procedures') ? history.procedures : null,
  }));
}
