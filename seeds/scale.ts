import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { type Random, seededRandom } from './random.ts';
import { PROVIDERS } from './story.ts';

export interface ScaleOptions {
  readonly members: number;
  readonly seed: number;
  readonly outDir: string;
  /** Claims a member; default 5. */
  readonly claims?: number;
  /** Diagnoses a claim, in the wide columns; default 4, at most 25. */
  readonly diagnoses?: number;
}

export interface ScaledExtract {
  readonly files: readonly string[];
  readonly members: number;
  readonly claims: number;
  readonly diagnoses: number;
  readonly bytes: number;
}

/** Diagnoses by how often they are met: chronic ones repeat from claim to claim, the rest fill up. */
const CHRONIC: readonly [string, ...string[]] = [
  'E11.22',
  'E11.42',
  'E11.9',
  'N18.31',
  'N18.32',
  'N18.4',
  'I50.22',
  'I50.9',
  'I48.20',
  'J44.9',
  'F32.1',
  'F32.A',
  'F33.1',
  'M05.79',
  'G20.A1',
  'I73.9',
  'I70.213',
  'C50.911',
  'C61',
  'Z89.511',
  'G35.D',
  'K74.60',
  'D68.9',
  'J96.11',
];
const EVERYDAY: readonly [string, ...string[]] = [
  'I10',
  'E78.5',
  'M54.50',
  'K21.9',
  'J06.9',
  'R05.9',
  'M17.11',
  'H25.13',
  'N39.0',
  'R53.83',
  'Z00.00',
  'E55.9',
  'M25.511',
  'G47.33',
  'R73.03',
  'N40.0',
  'H40.9',
  'L57.0',
  'R07.9',
  'K59.00',
];
const PROCEDURES: readonly [string, ...string[]] = [
  '99213',
  '99214',
  '99215',
  'G0439',
  '99204',
  '80053',
  '93000',
];
/** Members whose rows are put together before they are written. */
const BLOCK = 500;

/**
 * Writes members.csv and encounters.csv of any size for benchmarks, with flat memory. The same options give the same
 * bytes. The persons are made up; their ids are `SYN-` and a number.
 */
export async function generateExtract(options: ScaleOptions): Promise<ScaledExtract> {
  const { members, seed, outDir, claims = 5, diagnoses = 4 } = options;
  await mkdir(outDir, { recursive: true });
  const random = seededRandom(seed);
  const files = ['members.csv', 'encounters.csv'].map((name) => path.join(outDir, name));
  const [memberFile, claimFile] = files.map((file) => createWriteStream(file));
  if (!memberFile || !claimFile) throw new Error('two files are written');
  const wide = Array.from({ length: diagnoses }, (_, index) => `diagnosis_code_${index + 1}`);
  let bytes = await write(memberFile, `${MEMBER_COLUMNS}\n`);
  bytes += await write(claimFile, `${CLAIM_COLUMNS},${wide.join(',')}\n`);
  for (let first = 1; first <= members; first += BLOCK) {
    let memberText = '';
    let claimText = '';
    for (let number = first; number < Math.min(first + BLOCK, members + 1); number += 1) {
      const id = `SYN-${String(number).padStart(8, '0')}`;
      memberText += memberRow(id, random);
      const own = [random.pick(CHRONIC), random.pick(CHRONIC), random.pick(CHRONIC)] as const;
      for (let claim = 1; claim <= claims; claim += 1) {
        claimText += claimRow({ id, claim, diagnoses, own, random });
      }
    }
    bytes += await write(memberFile, memberText);
    bytes += await write(claimFile, claimText);
  }
  await Promise.all([closed(memberFile), closed(claimFile)]);
  return { files, members, claims: members * claims, diagnoses: members * claims * diagnoses, bytes };
}

const MEMBER_COLUMNS =
  'member_id,birth_date,sex,contract_id,plan_id,enrollment_start_date,part_b_start_date,' +
  'original_reason_entitlement_code,dual_status_code,pcp_npi';
const CLAIM_COLUMNS =
  'claim_id,claim_line_number,member_id,claim_type,claim_start_date,claim_end_date,place_of_service_code,' +
  'hcpcs_code,rendering_npi,rendering_specialty';

function memberRow(id: string, random: Random): string {
  const year = random.between(1930, 1957);
  const dual = random.chance(0.2) ? random.pick(['02', '03', '08']) : '00';
  const sex = random.chance(0.55) ? 'F' : 'M';
  const { npi } = random.pick(PROVIDERS);
  return `${id},${year}-${two(random.between(1, 12))}-${two(random.between(1, 28))},${sex},H9901,001,2024-01-01,${year + 65}-01-01,0,${dual},${npi}\n`;
}

interface ClaimShape {
  readonly id: string;
  readonly claim: number;
  readonly diagnoses: number;
  readonly own: readonly [string, string, string];
  readonly random: Random;
}

function claimRow({ id, claim, diagnoses, own, random }: ClaimShape): string {
  const year = claim % 2 === 0 ? 2026 : 2025;
  const date = `${year}-${two(random.between(1, 10))}-${two(random.between(1, 28))}`;
  const codes: string[] = [];
  // Every third claim of this year leaves the chronic conditions out, so that there is something to recapture.
  const silent = year === 2026 && random.chance(0.35);
  for (let index = 0; index < diagnoses; index += 1) {
    codes.push(!silent && random.chance(0.5) ? random.pick(own) : random.pick(EVERYDAY));
  }
  const { npi, specialty } = random.pick(PROVIDERS);
  return `${id}-${claim},1,${id},professional,${date},${date},11,${random.pick(PROCEDURES)},${npi},${specialty},${codes.join(',')}\n`;
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}

async function write(stream: WriteStream, text: string): Promise<number> {
  if (!stream.write(text)) await once(stream, 'drain');
  return Buffer.byteLength(text);
}

async function closed(stream: WriteStream): Promise<void> {
  stream.end();
  await once(stream, 'close');
}
