import type { CoveragePeriod, Encounter } from '../../src/engine/history.ts';
import type { CanonicalRecord, DiagnosisRecord, EncounterRecord } from '../../src/store/records.ts';

/** Nobody here exists: people are numbers. */
export const at = (row: number, file = 'made-up.csv') => ({ file, row });

export const MA: CoveragePeriod = {
  program: 'ma',
  contractId: 'H0001',
  planId: '001',
  from: '2024-01-01',
  to: null,
  originalEntitlement: '0',
  currentEntitlement: '0',
  dualStatus: '00',
  institutional: false,
  newEnrollee: false,
  snp: 'none',
  lowIncome: false,
  partD: 'mapd',
  esrd: null,
  hospice: false,
  switcher: false,
};

export function encounter(
  memberId: string,
  fields: Partial<Encounter> & { encounterId: string },
): EncounterRecord {
  const { lines: _lines, diagnoses: _diagnoses, ...given } = { lines: [], diagnoses: [], ...fields };
  return {
    kind: 'encounter',
    memberId,
    source: at(1),
    complete: false,
    encounter: {
      from: '2025-03-04',
      to: given.from ?? '2025-03-04',
      setting: 'professional',
      billType: null,
      modality: 'in_person',
      source: 'claim',
      linkedEncounterId: null,
      claimStatus: 'original',
      replacesEncounterId: null,
      icn: null,
      acceptance: null,
      mao004: null,
      crrAction: null,
      placeOfService: '11',
      hra: false,
      signed: null,
      provider: { npi: '1234567893', specialty: '11' },
      ...given,
    },
  };
}

export function diagnosis(memberId: string, encounterId: string, code: string, row = 1): DiagnosisRecord {
  return { kind: 'diagnosis', memberId, source: at(row), encounterId, code, position: row };
}

/** One person with two years of coverage and a visit in 2025 that carries the codes given. */
export function person(memberId: string, codes: readonly string[] = ['I5022', 'E119']): CanonicalRecord[] {
  const visit = `${memberId}-V1`;
  return [
    {
      kind: 'member',
      memberId,
      source: at(1, 'members.csv'),
      birthDate: '1950-01-02',
      sex: 'F',
      deathDate: null,
      pcpNpi: '1992999825',
    },
    {
      kind: 'coverage',
      memberId,
      source: at(1, 'members.csv'),
      period: MA,
      metal: null,
      csr: null,
      enrollmentMonths: null,
    },
    encounter(memberId, { encounterId: visit }),
    {
      kind: 'service_line',
      memberId,
      source: at(1),
      encounterId: visit,
      lineNumber: 1,
      line: { procedure: '99214', modifiers: [], date: '2025-03-04' },
    },
    ...codes.map((code, index) => diagnosis(memberId, visit, code, index + 1)),
  ];
}
