import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { PartD } from '../../src/engine/history.ts';
import type { ModelId, ScoreMember, ScoreRequest, ScoreResult } from '../../src/engine/score-contract.ts';
import { loadReference } from '../../src/reference/load.ts';

const root = path.resolve(import.meta.dirname, '../..');
export const reference = loadReference(path.join(root, 'hcc-mappings'));

/** One line of the golden score vectors; fields that are false or absent may be left out. */
export interface Vector {
  readonly id: string;
  readonly model: string;
  readonly payment_year: number;
  readonly calibration?: string;
  readonly demographics: {
    readonly sex: 'F' | 'M';
    readonly age?: number | null;
    readonly date_of_birth?: string | null;
    readonly orec: string;
    readonly dual_status: string;
    readonly lti?: boolean;
    readonly new_enrollee?: boolean;
    readonly snp?: boolean;
    readonly low_income?: boolean;
    readonly esrd?: boolean;
    readonly esrd_status?: 'dialysis' | 'transplant' | 'graft' | null;
    readonly graft_months?: number | null;
  };
  readonly diagnoses: readonly string[];
  readonly contested?: boolean;
  readonly contested_reason?: string;
  readonly expected: {
    readonly segment: string;
    readonly hccs_before_hierarchy: readonly string[];
    readonly hccs: readonly string[];
    readonly interactions: readonly string[];
    readonly payment_hcc_count: number;
    readonly coefficients: Readonly<Record<string, number>>;
    readonly risk_score: number;
  };
}

const MODELS: Readonly<Record<string, ModelId>> = {
  'CMS-HCC V22': 'cms-hcc-v22',
  'CMS-HCC V24': 'cms-hcc-v24',
  'CMS-HCC V28': 'cms-hcc-v28',
  'CMS-HCC ESRD V21': 'esrd-v21',
  'CMS-HCC ESRD V24': 'esrd-v24',
  'RxHCC V08': 'rxhcc-v08',
};
/** The vectors spell RxHCC segments their own way. */
const RX_SEGMENTS: Readonly<Record<string, string>> = {
  CE_LOW_AGED: 'CE_LowAged',
  CE_LOW_NONAGED: 'CE_LowNoAged',
  CE_NONLOW_AGED: 'CE_NoLowAged',
  CE_NONLOW_NONAGED: 'CE_NoLowNoAged',
  NE_LOW_COMMUNITY: 'NE_Lo',
  NE_NONLOW_COMMUNITY: 'NE_NoLo',
};

/** Lines of a fixture beside this file, or of `../shared/golden`; null when that folder is not there. */
export function readVectors<T = Vector>(file: string, place: 'own' | 'shared'): T[] | null {
  const folder =
    place === 'own' ? path.join(import.meta.dirname, 'fixtures') : path.join(root, '../shared/golden');
  const full = path.join(folder, file);
  if (!existsSync(full)) return null;
  return readFileSync(full, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}

export function modelOf(vector: Pick<Vector, 'model'>): ModelId {
  const model = MODELS[vector.model];
  if (!model) throw new Error(`no model for ${vector.model}`);
  return model;
}

export function memberOf(vector: Pick<Vector, 'demographics' | 'calibration'>): ScoreMember {
  const given = vector.demographics;
  const esrdStatus = given.esrd_status ?? (given.esrd ? 'dialysis' : null);
  const partD: PartD | null = vector.calibration
    ? vector.calibration === 'PY2027 PDP'
      ? 'pdp'
      : 'mapd'
    : null;
  return person({
    sex: given.sex,
    age: given.age ?? null,
    birthDate: given.date_of_birth ?? null,
    originalEntitlement: given.orec,
    dualStatus: given.dual_status,
    institutional: given.lti ?? false,
    newEnrollee: given.new_enrollee ?? false,
    snp: given.snp ? 'cSnp' : 'none',
    lowIncome: given.low_income ?? false,
    esrd: esrdStatus && { status: esrdStatus, monthsSinceTransplant: given.graft_months ?? null },
    partD,
  });
}

/** A woman of 72, community, not dual, not originally disabled, continuing; fields given replace hers. */
export function person(fields: Partial<ScoreMember> = {}): ScoreMember {
  return {
    sex: 'F',
    age: fields.birthDate ? null : 72,
    birthDate: null,
    originalEntitlement: '0',
    currentEntitlement: null,
    dualStatus: '00',
    institutional: false,
    newEnrollee: false,
    snp: 'none',
    lowIncome: false,
    esrd: null,
    partD: null,
    metal: null,
    enrollmentMonths: null,
    csr: null,
    ...fields,
  };
}

export function request(fields: Partial<ScoreRequest> & Pick<ScoreRequest, 'paymentYear'>): ScoreRequest {
  return {
    id: null,
    model: null,
    program: null,
    member: person(),
    diagnoses: [],
    drugs: [],
    procedures: [],
    ...fields,
  };
}

/** What a vector expects and what a result says, in one shape, ready to be compared as a whole. */
export function comparable(vector: Vector, result: ScoreResult) {
  const bare = (name: string): string => name.replace(/^(?:RX)?HCC/, '');
  const byValue = (values: readonly number[]): number[] => values.filter((value) => value !== 0).sort();
  const { expected } = vector;
  return {
    expected: {
      score: expected.risk_score,
      segment: RX_SEGMENTS[expected.segment] ?? expected.segment,
      before: expected.hccs_before_hierarchy.map(bare),
      hccs: expected.hccs.map(bare),
      interactions: expected.interactions.map((name) => name.toUpperCase()).sort(),
      count: expected.payment_hcc_count,
      coefficients: byValue(Object.values(expected.coefficients)),
    },
    actual: {
      score: result.rawScore,
      segment: result.segment,
      before: result.hccsBeforeHierarchy,
      hccs: result.hccs,
      interactions: result.factors
        .filter(({ kind }) => kind === 'interaction')
        .map(({ variable }) => variable.toUpperCase())
        .sort(),
      count: result.paymentHccCount,
      coefficients: byValue(
        result.factors.filter(({ kind }) => kind !== 'divisor').map(({ value }) => value),
      ),
    },
  };
}
