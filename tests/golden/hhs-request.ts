import path from 'node:path';
import type { HhsTables } from '../../src/engine/hhs/tables.ts';
import type { ScoreMember, ScoreRequest } from '../../src/engine/score-contract.ts';
import { loadHhsTables } from '../../src/reference/hhs.ts';

/** The packages of this repository, loaded once a test file. */
export const hhsTables: HhsTables = loadHhsTables(path.resolve(import.meta.dirname, '../../hcc-mappings'));

/** A request for an invented enrollee; what is not given is the plainest: a woman of 40, silver, 12 months. */
export function hhsRequest(
  paymentYear: number,
  member: Partial<ScoreMember> = {},
  codes: Partial<Pick<ScoreRequest, 'diagnoses' | 'drugs' | 'procedures'>> = {},
): ScoreRequest {
  return {
    id: 'invented',
    model: null,
    program: 'aca',
    paymentYear,
    member: {
      sex: 'F',
      birthDate: null,
      age: 40,
      originalEntitlement: null,
      currentEntitlement: null,
      dualStatus: null,
      institutional: false,
      newEnrollee: false,
      snp: 'none',
      lowIncome: false,
      esrd: null,
      partD: null,
      metal: 'silver',
      enrollmentMonths: 12,
      csr: null,
      ...member,
    },
    diagnoses: [],
    drugs: [],
    procedures: [],
    ...codes,
  };
}
