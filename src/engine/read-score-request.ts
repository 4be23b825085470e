import { isDay } from './dates.ts';
import type { EsrdStatus, PartD, Program, Sex, Snp } from './history.ts';
import { MODEL_IDS, type ModelId, type ScoreMember, type ScoreRequest } from './score-contract.ts';

/**
 * Reads an ordinary Medicare score request from parsed JSON without a schema library, or gives null: then the
 * schema has to judge it, and it alone words what is wrong. Whatever this accepts, the schema accepts with the same
 * result (a property test holds that); it is there because bulk scoring spends its time here.
 */
export function readOrdinaryScoreRequest(value: unknown): ScoreRequest | null {
  if (!isObject(value)) return null;
  let id: string | null = null;
  let model: ModelId | null = null;
  let program: Program | null = null;
  let paymentYear = 0;
  let member: ScoreMember | null = null;
  let diagnoses: readonly string[] = NONE;
  for (const key in value) {
    const field = value[key];
    switch (key) {
      case 'id':
        if (field === null || field === undefined) break;
        if (typeof field !== 'string' || !isPlainText(field, 128) || field === '' || field.startsWith(' '))
          return null;
        id = field;
        break;
      case 'model':
        if (field === null || field === undefined) break;
        if (!MODELS.has(field)) return null;
        model = field as ModelId;
        break;
      case 'program':
        if (field === null || field === undefined) break;
        if (field !== 'ma' && field !== 'pace') return null;
        program = field;
        break;
      case 'paymentYear':
        if (!isInteger(field, 2000, 2100)) return null;
        paymentYear = field;
        break;
      case 'member':
        member = readMember(field);
        if (member === null) return null;
        break;
      case 'diagnoses':
        if (!isCodes(field)) return null;
        diagnoses = field;
        break;
      case 'drugs':
      case 'procedures':
        if (field !== null && field !== undefined && !(Array.isArray(field) && field.length === 0))
          return null;
        break;
      default:
        return null;
    }
  }
  if (member === null || paymentYear === 0) return null;
  return { id, model, program, paymentYear, member, diagnoses, drugs: NONE, procedures: NONE };
}

const NONE: readonly string[] = [];
const MODELS: ReadonlySet<unknown> = new Set(MODEL_IDS.filter((id) => !id.startsWith('hhs-')));
const OREC: ReadonlySet<unknown> = new Set(['0', '1', '2', '3']);
const DUAL: ReadonlySet<unknown> = new Set([
  '00',
  '01',
  '02',
  '03',
  '04',
  '05',
  '06',
  '07',
  '08',
  '09',
  '99',
  'NA',
]);
const SNPS: ReadonlySet<unknown> = new Set(['none', 'cSnp', 'dSnp', 'iSnp']);
const PART_DS: ReadonlySet<unknown> = new Set(['none', 'mapd', 'pdp', 'pace']);
const STATUSES: ReadonlySet<unknown> = new Set(['dialysis', 'transplant', 'graft']);

function readMember(value: unknown): ScoreMember | null {
  if (!isObject(value)) return null;
  let sex: Sex | null = null;
  let birthDate: string | null = null;
  let age: number | null = null;
  let originalEntitlement: string | null = null;
  let currentEntitlement: string | null = null;
  let dualStatus: string | null = null;
  let institutional = false;
  let newEnrollee = false;
  let lowIncome = false;
  let snp: Snp = 'none';
  let esrd: ScoreMember['esrd'] = null;
  let partD: PartD | null = null;
  for (const key in value) {
    const field = value[key];
    if (field === null || field === undefined) {
      if (KNOWN.has(key)) continue;
      return null;
    }
    switch (key) {
      case 'sex':
        if (field !== 'F' && field !== 'M') return null;
        sex = field;
        break;
      case 'birthDate':
        if (typeof field !== 'string' || !isPlainDate(field)) return null;
        birthDate = field;
        break;
      case 'age':
        if (!isInteger(field, 0, 130)) return null;
        age = field;
        break;
      case 'originalEntitlement':
        if (!OREC.has(field)) return null;
        originalEntitlement = field as string;
        break;
      case 'currentEntitlement':
        if (!OREC.has(field)) return null;
        currentEntitlement = field as string;
        break;
      case 'dualStatus':
        if (!DUAL.has(field)) return null;
        dualStatus = field as string;
        break;
      case 'institutional':
        if (typeof field !== 'boolean') return null;
        institutional = field;
        break;
      case 'newEnrollee':
        if (typeof field !== 'boolean') return null;
        newEnrollee = field;
        break;
      case 'lowIncome':
        if (typeof field !== 'boolean') return null;
        lowIncome = field;
        break;
      case 'snp':
        if (!SNPS.has(field)) return null;
        snp = field as Snp;
        break;
      case 'partD':
        if (!PART_DS.has(field)) return null;
        partD = field as PartD;
        break;
      case 'esrd':
        esrd = readEsrd(field);
        if (esrd === null) return null;
        break;
      default:
        return null;
    }
  }
  if (sex === null || (birthDate === null) === (age === null)) return null;
  return {
    sex,
    birthDate,
    age,
    originalEntitlement,
    currentEntitlement,
    dualStatus,
    institutional,
    newEnrollee,
    snp,
    lowIncome,
    esrd,
    partD,
    metal: null,
    enrollmentMonths: null,
    csr: null,
  };
}

/** Fields of a member that may be null; `metal`, `enrollmentMonths` and `csr` matter to HHS-HCC only. */
const KNOWN: ReadonlySet<string> = new Set([
  'birthDate',
  'age',
  'originalEntitlement',
  'currentEntitlement',
  'dualStatus',
  'institutional',
  'newEnrollee',
  'snp',
  'lowIncome',
  'esrd',
  'partD',
  'metal',
  'enrollmentMonths',
  'csr',
]);

function readEsrd(value: unknown): ScoreMember['esrd'] {
  if (!isObject(value)) return null;
  let status: EsrdStatus | null = null;
  let monthsSinceTransplant: number | null = null;
  for (const key in value) {
    const field = value[key];
    if (key === 'status' && STATUSES.has(field)) status = field as EsrdStatus;
    else if (key !== 'monthsSinceTransplant') return null;
    else if (isInteger(field, 0, 1200)) monthsSinceTransplant = field;
    else if (field !== null && field !== undefined) return null;
  }
  return status === null ? null : { status, monthsSinceTransplant };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isInteger(value: unknown, from: number, to: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= from && value <= to;
}

function isCodes(value: unknown): value is readonly string[] {
  if (!Array.isArray(value)) return false;
  for (const item of value) if (typeof item !== 'string' || !isPlainText(item, 40)) return false;
  return true;
}

/** Printable ASCII of at most `most` characters. */
function isPlainText(text: string, most: number): boolean {
  if (text.length > most) return false;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 32 || unit > 126) return false;
  }
  return true;
}

/** `YYYY-MM-DD`, a day of the calendar; years before 1000 are the schema's to judge. */
function isPlainDate(text: string): boolean {
  if (text.length !== 10 || text.charCodeAt(4) !== 45 || text.charCodeAt(7) !== 45) return false;
  for (let index = 0; index < 10; index++) {
    if (index === 4 || index === 7) continue;
    const unit = text.charCodeAt(index);
    if (unit < 48 || unit > 57) return false;
  }
  const month = Number(text.slice(5, 7));
  const day = Number(text.slice(8));
  return text >= '1000' && isDay(Number(text.slice(0, 4)), month, day);
}
