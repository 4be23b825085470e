import { bytesOf } from './byte-text.ts';
import { isDay } from './dates.ts';
import type { Program } from './history.ts';
import {
  CLOSE_LIST,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  expectByte,
  fieldNames,
  fieldOf,
  LINE_FEED,
  lineScanner,
  nextByte,
  OPEN_LIST,
  OPEN_OBJECT,
  QUOTE,
  readFlag,
  readNull,
  readNumber,
  readString,
  restOfString,
  stringIs,
  twoDigits,
} from './line-scanner.ts';
import { packBits } from './member-bits.ts';
import { MODEL_IDS, type ModelId } from './score-contract.ts';
import { MOST_DIAGNOSES } from './score-writer.ts';

/** What was read of a line; one object for all of them, each read before the next. */
export interface OrdinaryLine {
  /** Where the id lies, with its quotes; `idFrom` is -1 without one. */
  idFrom: number;
  idTo: number;
  model: ModelId | null;
  program: Program | null;
  paymentYear: number;
  birthYear: number;
  monthDay: number;
  age: number;
  sex: number;
  flags: number;
  orec: number;
  dual: number;
  partD: number;
  /** Where the list of codes begins; -1 without one. */
  codesFrom: number;
  /** Behind the line and its line feed. */
  next: number;
}

const line: OrdinaryLine = {
  idFrom: -1,
  idTo: -1,
  model: null,
  program: null,
  paymentYear: 0,
  birthYear: -1,
  monthDay: 0,
  age: -1,
  sex: -1,
  flags: 0,
  orec: 4,
  dual: 15,
  partD: 7,
  codesFrom: -1,
  next: 0,
};
const scan = lineScanner();

const REQUEST_FIELDS = fieldNames([
  'id',
  'model',
  'program',
  'paymentYear',
  'member',
  'diagnoses',
  'drugs',
  'procedures',
]);
const ID = 0;
const MODEL = 1;
const PROGRAM = 2;
const PAYMENT_YEAR = 3;
const MEMBER = 4;
const DIAGNOSES = 5;

const MODELS = MODEL_IDS.filter((id) => !id.startsWith('hhs-')).map((id) => ({ id, name: bytesOf(id) }));
const MA = bytesOf('ma');
const PACE = bytesOf('pace');

/**
 * Reads an ordinary Medicare score request in place, to the line feed or the end, or gives null: then the line is for `JSON.parse`. What this
 * accepts, `readOrdinaryScoreRequest` accepts with the same result. The answer is the same object each time.
 */
export function readOrdinaryLine(bytes: Uint8Array, from: number): OrdinaryLine | null {
  scan.bytes = bytes;
  scan.at = from;
  scan.end = bytes.length;
  scan.failed = false;
  line.idFrom = -1;
  line.model = null;
  line.program = null;
  line.paymentYear = 0;
  line.codesFrom = -1;
  let seen = 0;
  expectByte(scan, OPEN_OBJECT);
  do {
    readString(scan);
    const field = fieldOf(scan, REQUEST_FIELDS);
    expectByte(scan, COLON);
    // Of a repeated field JSON keeps the last: rare enough to leave.
    if (field < 0 || scan.failed || (seen & (1 << field)) !== 0) return null;
    seen |= 1 << field;
    readField(field);
    if (scan.failed) return null;
  } while (another());
  const end = nextByte(scan);
  line.next = scan.at;
  const whole = !scan.failed && (end === LINE_FEED || end === -1);
  return whole && (seen & (1 << MEMBER)) !== 0 && (seen & (1 << PAYMENT_YEAR)) !== 0 ? line : null;
}

/** True when a comma comes; else the object must end. */
function another(): boolean {
  const unit = nextByte(scan);
  if (unit === COMMA) return true;
  if (unit !== CLOSE_OBJECT) scan.failed = true;
  return false;
}

function readField(field: number): void {
  switch (field) {
    case ID:
      if (!readNull(scan)) readId();
      break;
    case MODEL:
      if (!readNull(scan)) readModel();
      break;
    case PROGRAM:
      if (readNull(scan)) break;
      readString(scan);
      line.program = stringIs(scan, PACE) ? 'pace' : 'ma';
      if (line.program === 'ma' && !stringIs(scan, MA)) scan.failed = true;
      break;
    case PAYMENT_YEAR:
      line.paymentYear = readNumber(scan);
      if (line.paymentYear < 2000 || line.paymentYear > 2100) scan.failed = true;
      break;
    case MEMBER:
      readMember();
      break;
    case DIAGNOSES:
      if (!readNull(scan)) passCodes();
      break;
    default:
      if (readNull(scan)) break;
      expectByte(scan, OPEN_LIST);
      expectByte(scan, CLOSE_LIST);
  }
}

function readId(): void {
  readString(scan);
  const { bytes, from, to } = scan;
  if (to - from < 1 || to - from > 128 || bytes[from] === 32) scan.failed = true;
  line.idFrom = from - 1;
  line.idTo = to + 1;
}

function readModel(): void {
  readString(scan);
  for (const { id, name } of MODELS) {
    if (stringIs(scan, name)) {
      line.model = id;
      return;
    }
  }
  scan.failed = true;
}

const MEMBER_FIELDS = fieldNames([
  'sex',
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
const SNPS = ['none', 'cSnp', 'dSnp', 'iSnp'].map(bytesOf);
const PART_DS = ['none', 'mapd', 'pdp', 'pace'].map(bytesOf);

function readMember(): void {
  line.birthYear = -1;
  line.age = -1;
  line.sex = -1;
  line.flags = 0;
  line.orec = 4;
  line.dual = 15;
  line.partD = 7;
  let seen = 0;
  expectByte(scan, OPEN_OBJECT);
  do {
    readString(scan);
    const field = fieldOf(scan, MEMBER_FIELDS);
    expectByte(scan, COLON);
    if (field < 0 || (seen & (1 << field)) !== 0) scan.failed = true;
    if (scan.failed) return;
    seen |= 1 << field;
    readMemberField(field);
  } while (!scan.failed && another());
  if (line.sex < 0 || line.birthYear < 0 === line.age < 0) scan.failed = true;
}

/** By place in MEMBER_FIELDS. Fields of HHS-HCC and a given ESRD status are for the other way. */
function readMemberField(field: number): void {
  switch (field) {
    case 0:
      readString(scan);
      line.sex = oneLetter(70) ? 1 : oneLetter(77) ? 0 : -1;
      if (line.sex < 0) scan.failed = true;
      break;
    case 1:
      if (!readNull(scan)) readBirthDate();
      break;
    case 2:
      if (readNull(scan)) break;
      line.age = readNumber(scan);
      if (line.age > 130) scan.failed = true;
      break;
    case 3:
      if (!readNull(scan)) line.orec = entitlement();
      break;
    case 4:
      if (!readNull(scan)) entitlement();
      break;
    case 5:
      if (!readNull(scan)) readDual();
      break;
    case 6:
      if (readFlag(scan)) line.flags |= 2;
      break;
    case 7:
      if (readFlag(scan)) line.flags |= 4;
      break;
    case 8:
      if (!readNull(scan) && oneOf(SNPS) === 1) line.flags |= 16;
      break;
    case 9:
      if (readFlag(scan)) line.flags |= 8;
      break;
    case 11:
      if (!readNull(scan)) line.partD = oneOf(PART_DS);
      break;
    default:
      if (!readNull(scan)) scan.failed = true;
  }
}

function oneLetter(unit: number): boolean {
  return scan.to - scan.from === 1 && scan.bytes[scan.from] === unit;
}

function oneOf(values: readonly Uint8Array[]): number {
  readString(scan);
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    if (value !== undefined && stringIs(scan, value)) return index;
  }
  scan.failed = true;
  return 0;
}

function entitlement(): number {
  readString(scan);
  const digit = (scan.bytes[scan.from] ?? 0) - 48;
  if (scan.to - scan.from !== 1 || digit < 0 || digit > 3) scan.failed = true;
  return digit;
}

/** 00 to 09, 99, NA, as `memberBits` numbers them. */
function readDual(): void {
  readString(scan);
  const { bytes, from, to } = scan;
  const first = bytes[from] ?? 0;
  const second = bytes[from + 1] ?? 0;
  if (to - from !== 2) scan.failed = true;
  else if (first === 48 && second >= 48 && second <= 57) line.dual = second - 48;
  else if (first === 57 && second === 57) line.dual = 10;
  else if (first === 78 && second === 65) line.dual = 11;
  else scan.failed = true;
}

function readBirthDate(): void {
  readString(scan);
  const { bytes, from, to } = scan;
  const year = twoDigits(bytes, from) * 100 + twoDigits(bytes, from + 2);
  const month = twoDigits(bytes, from + 5);
  const day = twoDigits(bytes, from + 8);
  line.birthYear = year;
  line.monthDay = month * 100 + day;
  const shaped = to - from === 10 && bytes[from + 4] === 45 && bytes[from + 7] === 45;
  if (!shaped || year < 1000 || year > 9999 || !isDay(year, month, day)) scan.failed = true;
}

/** The integer that `memberBits` gives for the same member; null when it gives none. */
export function memberBitsOfLine(read: OrdinaryLine): number | null {
  const { paymentYear, birthYear, monthDay, age, flags, sex, orec, dual, partD } = read;
  const years = age >= 0 ? age : Math.max(0, paymentYear - birthYear - (monthDay > 201 ? 1 : 0));
  return years > 255
    ? null
    : packBits({ age: years, flags: flags | sex, orec, dual, esrd: 0, months: 0, partD });
}

/** Passes over the list of codes; they are taken when the model is known, which may come behind them. */
function passCodes(): void {
  expectByte(scan, OPEN_LIST);
  line.codesFrom = scan.at;
  let unit = nextByte(scan);
  if (unit === CLOSE_LIST) return;
  for (let count = 1; unit === QUOTE && count <= MOST_DIAGNOSES; count++) {
    restOfString(scan);
    if (scan.failed) return;
    unit = nextByte(scan);
    if (unit === CLOSE_LIST) return;
    if (unit !== COMMA) break;
    unit = nextByte(scan);
  }
  scan.failed = true;
}
