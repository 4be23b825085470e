/** Invented members; the marked values must never reach a log line. */
export const MARKED_MEMBER = 'ZZ-CANARY-MEMBER-77123';
export const MARKED_NOTE = 'ZZ-CANARY-NOTE-TEXT';

/** Where a reviewer read what supports a decision. */
export const LOCATOR = { documentId: 'note-1', versionHash: 'sha256:aa', section: 'assessment' };
/** The step that captures last year's heart failure of {@link history} on the visit of this year. */
export const ADD_SUPPORTED = {
  to: 'captured',
  reason: 'add_supported',
  code: 'I50.22',
  encounterId: 'E3',
  meat: ['assessed'],
  locator: LOCATOR,
};

/** Heart failure last year and not yet this year; stroke coded in an office this year. */
export function history(memberId = MARKED_MEMBER) {
  return {
    memberId,
    birthDate: '1948-03-02',
    sex: 'F',
    coverage: [
      {
        program: 'ma',
        contractId: 'H0001',
        planId: '001',
        from: '2025-01-01',
        to: null,
        originalEntitlement: '0',
        dualStatus: '00',
        partD: 'mapd',
      },
    ],
    encounters: [
      visit('E1', '2025-03-04', ['I50.22', 'E11.9']),
      visit('E2', '2025-09-10', ['I50.22']),
      visit('E3', '2026-05-05', ['E11.9', 'I63.9', 'F32.A']),
    ],
    conditions: [],
    observations: [],
    medications: [],
    procedures: [],
    appointments: [{ date: '2026-12-04', provider: { npi: '1234567893' } }],
  };
}

function visit(encounterId: string, from: string, codes: readonly string[]) {
  return {
    encounterId,
    from,
    setting: 'professional',
    placeOfService: '11',
    provider: { npi: '1234567893', specialty: '11' },
    lines: [{ procedure: '99214', modifiers: [], date: from }],
    diagnoses: codes.map((code) => ({ code })),
  };
}
