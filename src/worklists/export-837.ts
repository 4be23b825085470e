import type { Encounter, MemberHistory } from '../engine/history.ts';

/** A chart review record to be written: diagnoses of one encounter, all added or all deleted. */
export interface ChartReviewClaim {
  /** CLM01: ours, unique; a 277CA names it in its answer. */
  readonly claimId: string;
  readonly action: 'add' | 'delete';
  /** The plan's id of the member. */
  readonly memberId: string;
  readonly member: Pick<MemberHistory, 'birthDate' | 'sex'>;
  readonly contractId: string | null;
  readonly encounter: Encounter;
  /** ICN of the record it links to; null: unlinked. */
  readonly icn: string | null;
  /** Undotted, in the order they are to stand. */
  readonly codes: readonly string[];
}

export interface InterchangeOptions {
  readonly submitterId: string;
  readonly receiverId: string;
  /** ISA15: T for test, P for production. */
  readonly usage: 'T' | 'P';
  /** ISA13, GS06; 1 to 999999999, never used twice between the two ids. */
  readonly controlNumber: number;
  /** ISO instant at which the file is made. */
  readonly at: string;
}

export interface WrittenInterchange {
  readonly text: string;
  readonly segments: number;
  readonly claims: number;
}

type Kind = 'professional' | 'institutional';
const GUIDES: Readonly<Record<Kind, string>> = {
  professional: '005010X222A1',
  institutional: '005010X223A2',
};
/** Diagnoses that one claim of each guide can carry. */
const MOST_CODES: Readonly<Record<Kind, number>> = { professional: 12, institutional: 25 };
const TERMINATOR = '~';

function kindOf({ setting }: Encounter): Kind {
  return setting === 'inpatient' || setting === 'outpatient' ? 'institutional' : 'professional';
}

/** Most diagnoses that one chart review record of this encounter holds. */
export function codesPerClaim(encounter: Encounter): number {
  return MOST_CODES[kindOf(encounter)];
}

/** A value without the characters that this file uses as separators. */
function clean(value: string): string {
  return value
    .normalize('NFKD')
    .replace(/[^\x20-\x7e]/g, '')
    .replace(/[*~:^]/g, ' ')
    .trim()
    .toUpperCase();
}

function segment(id: string, ...elements: readonly (string | number | null)[]): string {
  const given = elements.map((element) => (element === null ? '' : String(element)));
  while (given.length > 0 && given.at(-1) === '') given.pop();
  return [id, ...given].join('*');
}

const day = (date: string) => date.replaceAll('-', '');

/**
 * Writes chart review records as one 837 interchange (005010X222A1 and X223A2; CMS Encounter Data Submission and
 * Processing Guide, chapter 3): `PWK*09*AA` marks the chart review, `REF*F8` with the ICN links it, `REF*EA*8` makes
 * it a delete. Names and addresses, which the service does not hold, are neutral words; charges are zero. Pure: the
 * same input gives the same bytes.
 */
export function writeChartReviews(
  claims: readonly ChartReviewClaim[],
  options: InterchangeOptions,
): WrittenInterchange {
  const { submitterId, receiverId, controlNumber, usage } = options;
  const control = String(controlNumber).padStart(9, '0');
  const date = day(options.at.slice(0, 10));
  const time = options.at.slice(11, 16).replace(':', '');
  const out: string[] = [
    `ISA*00*          *00*          *ZZ*${submitterId.padEnd(15)}*ZZ*${receiverId.padEnd(15)}*${date.slice(2)}*${time}*^*00501*${control}*0*${usage}*:`,
  ];
  let groups = 0;
  for (const kind of ['professional', 'institutional'] as const) {
    const own = claims.filter(({ encounter }) => kindOf(encounter) === kind);
    if (own.length === 0) continue;
    groups += 1;
    const group = controlNumber * 2 - 2 + groups;
    out.push(segment('GS', 'HC', submitterId, receiverId, date, time, group, 'X', GUIDES[kind]));
    const set = transaction(own, { kind, options, date, time });
    out.push(segment('ST', '837', '0001', GUIDES[kind]), ...set);
    // SE01 counts ST and SE too.
    out.push(segment('SE', set.length + 2, '0001'), segment('GE', 1, group));
  }
  out.push(segment('IEA', groups, control));
  return {
    text: out.map((line) => `${line}${TERMINATOR}\n`).join(''),
    segments: out.length,
    claims: claims.length,
  };
}

interface SetContext {
  readonly kind: Kind;
  readonly options: InterchangeOptions;
  readonly date: string;
  readonly time: string;
}

function transaction(claims: readonly ChartReviewClaim[], context: SetContext): string[] {
  const { options, date, time } = context;
  const { submitterId, receiverId, controlNumber } = options;
  const out = [
    segment('BHT', '0019', '00', `CRR${controlNumber}`, date, time, 'RP'),
    segment('NM1', '41', '2', submitterId, null, null, null, null, '46', submitterId),
    segment('PER', 'IC', 'RISK ADJUSTMENT', 'TE', '0000000000'),
    segment('NM1', '40', '2', receiverId, null, null, null, null, '46', receiverId),
  ];
  let level = 0;
  for (const [npi, ofProvider] of grouped(claims, ({ encounter }) => encounter.provider?.npi ?? '')) {
    level += 1;
    const billing = level;
    out.push(segment('HL', billing, null, '20', '1'));
    out.push(segment('NM1', '85', '2', 'BILLING PROVIDER', null, null, null, null, npi && 'XX', npi));
    out.push(segment('N3', 'NOT ON FILE'), segment('N4', 'NOT ON FILE'));
    for (const [, ofMember] of grouped(ofProvider, ({ memberId }) => memberId)) {
      const [first] = ofMember;
      if (first === undefined) continue;
      level += 1;
      const { memberId, member, contractId } = first;
      out.push(segment('HL', level, billing, '22', '0'));
      out.push(segment('SBR', 'P', '18', null, null, null, null, null, null, '16'));
      out.push(segment('NM1', 'IL', '1', 'MEMBER', null, null, null, null, 'MI', clean(memberId)));
      out.push(segment('DMG', 'D8', day(member.birthDate), member.sex));
      out.push(segment('NM1', 'PR', '2', 'PLAN', null, null, null, null, 'PI', clean(contractId ?? 'PLAN')));
      for (const claim of ofMember) out.push(...claimSegments(claim, context.kind));
    }
  }
  return out;
}

function claimSegments(claim: ChartReviewClaim, kind: Kind): string[] {
  const { encounter, claimId, icn, action, codes } = claim;
  const out = [segment('CLM', claimId, 0, null, null, placeOf(encounter, kind), 'Y', 'A', 'Y', 'Y')];
  if (kind === 'institutional') {
    out.push(segment('DTP', '434', 'RD8', `${day(encounter.from)}-${day(encounter.to)}`));
    if (encounter.setting === 'inpatient')
      out.push(segment('DTP', '435', 'D8', day(encounter.from)), segment('CL1', '9', '9', '01'));
  }
  out.push(segment('PWK', '09', 'AA'));
  if (icn !== null) out.push(segment('REF', 'F8', clean(icn)));
  if (action === 'delete') out.push(segment('REF', 'EA', '8'));
  out.push(...diagnosisSegments(codes, kind));
  const npi = encounter.provider?.npi;
  if (npi)
    out.push(
      segment(
        'NM1',
        kind === 'professional' ? '82' : '71',
        '1',
        'PROVIDER',
        null,
        null,
        null,
        null,
        'XX',
        npi,
      ),
    );
  out.push(...serviceLines(encounter, kind, codes.length));
  return out;
}

/** CLM05: place of service and `B`, or the first two digits of the bill type and `A`; the claim is an original. */
function placeOf({ placeOfService, billType, setting }: Encounter, kind: Kind): string {
  if (kind === 'professional') return `${clean(placeOfService ?? '11')}:B:1`;
  const digits = (billType ?? '').replace(/^0/, '').slice(0, 2);
  const facility = /^[0-9A-Z]{2}$/.test(digits) ? digits : setting === 'inpatient' ? '11' : '13';
  return `${facility}:A:1`;
}

/** Professional: one HI; institutional: the principal one alone, the others twelve an HI. */
function diagnosisSegments(codes: readonly string[], kind: Kind): string[] {
  const [first, ...others] = codes;
  if (first === undefined) return [];
  const rest = others.map((code) => `ABF:${code}`);
  if (kind === 'professional') return [segment('HI', `ABK:${first}`, ...rest)];
  const out = [segment('HI', `ABK:${first}`)];
  for (let from = 0; from < rest.length; from += 12) out.push(segment('HI', ...rest.slice(from, from + 12)));
  return out;
}

const MOST_POINTERS = 4;
const MOST_LINES: Readonly<Record<Kind, number>> = { professional: 50, institutional: 999 };

/** The lines of the encounter it reviews: the same services, no charge. */
function serviceLines(encounter: Encounter, kind: Kind, codes: number): string[] {
  const billed = encounter.lines.filter(({ procedure }) => procedure !== null);
  const lines = billed.length > 0 ? billed : [{ procedure: null, modifiers: [], date: encounter.to }];
  const pointers = Array.from({ length: Math.min(codes, MOST_POINTERS) }, (_, index) => index + 1).join(':');
  return lines.slice(0, MOST_LINES[kind]).flatMap(({ procedure, modifiers, date }, index) => {
    const service =
      procedure === null ? null : ['HC', clean(procedure), ...modifiers.slice(0, 4).map(clean)].join(':');
    const line =
      kind === 'professional'
        ? segment('SV1', service, 0, 'UN', 1, null, null, pointers)
        : // 0001 is the total: the service holds no revenue codes and claims none.
          segment('SV2', '0001', service, 0, 'UN', 1);
    return [segment('LX', index + 1), line, segment('DTP', '472', 'D8', day(date ?? encounter.to))];
  });
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): [string, T[]][] {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return [...groups];
}
