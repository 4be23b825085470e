import type { MemberHistory } from '../../engine/history.ts';
import type { CanonicalRecord, Feed, SourceRef } from '../../store/records.ts';
import { contentKey } from '../content-key.ts';

const FEEDS: readonly Feed[] = ['observations', 'medications', 'procedures'];

/**
 * The records of one member history, in the order member, coverage, encounters with their lines and diagnoses,
 * clinical rows. The history is the member's whole one, as its sender knows it: it takes the place of earlier ones.
 */
export function* historyRecords(history: MemberHistory, source: SourceRef): Generator<CanonicalRecord> {
  const { memberId } = history;
  const of = { memberId, source };
  const feeds = FEEDS.filter((feed) => history[feed] !== null);
  yield {
    kind: 'member',
    ...of,
    birthDate: history.birthDate,
    sex: history.sex,
    deathDate: history.deathDate,
    pcpNpi: null,
    feeds,
    whole: true,
  };
  for (const period of history.coverage) {
    yield { kind: 'coverage', ...of, period, metal: null, csr: null, enrollmentMonths: null };
  }
  for (const { lines, diagnoses, ...encounter } of history.encounters) {
    const { encounterId } = encounter;
    yield { kind: 'encounter', ...of, encounter, complete: true };
    for (const [index, line] of lines.entries()) {
      yield { kind: 'service_line', ...of, encounterId, lineNumber: index + 1, line };
    }
    for (const { code, position } of diagnoses) {
      yield { kind: 'diagnosis', ...of, encounterId, code, position };
    }
  }
  for (const condition of history.conditions) {
    yield { kind: 'condition', ...of, key: condition.conditionId ?? contentKey(condition), condition };
  }
  for (const observation of history.observations ?? []) {
    yield { kind: 'observation', ...of, key: contentKey(observation), observation };
  }
  for (const medication of history.medications ?? []) {
    yield { kind: 'medication', ...of, key: contentKey(medication), medication };
  }
  for (const procedure of history.procedures ?? []) {
    yield { kind: 'procedure', ...of, key: contentKey(procedure), procedure };
  }
  for (const appointment of history.appointments) {
    yield { kind: 'appointment', ...of, key: contentKey(appointment), appointment };
  }
}
