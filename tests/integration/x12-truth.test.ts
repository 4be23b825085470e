import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nightlyExtracts } from './nightly-extracts.ts';
import { describePostgres, scratchDatabase } from './services.ts';

/** Nobody here exists. */
interface Claim {
  readonly number: string;
  readonly date: string;
  readonly codes: readonly string[];
  readonly frequency: '1' | '7' | '8';
  /** REF*F8: the number of the claim acted on; null: none is given. */
  readonly original: string | null;
}

/** One interchange of professional claims; `control` tells it from others. */
function interchange(claims: readonly Claim[], control: number): readonly string[] {
  const head = [
    'BHT*0019*00*REF1*20260315*1200*RP~',
    'NM1*41*2*SENDER*****46*123~',
    'NM1*40*2*RECEIVER*****46*456~',
    'HL*1**20*1~',
    'NM1*85*2*CLINIC*****XX*1245319599~',
    'HL*2*1*22*0~',
    'SBR*P*18*******16~',
    'NM1*IL*1*DOE*JANE****MI*X-1~',
    'DMG*D8*19480302*F~',
  ];
  const body = claims.flatMap(({ number, date, codes, frequency, original }) => [
    `CLM*${number}*150***11:B:${frequency}*Y*A*Y*Y~`,
    ...(original === null ? [] : [`REF*F8*${original}~`]),
    `HI*${codes.map((code, index) => `${index === 0 ? 'ABK' : 'ABF'}:${code}`).join('*')}~`,
    'NM1*82*1*ROE*SAM****XX*1245319599~',
    'PRV*PE*PXC*207R00000X~',
    'LX*1~',
    'SV1*HC:99214*150*UN*1***1~',
    `DTP*472*D8*${date}~`,
  ]);
  const id = String(control).padStart(9, '0');
  const from = `ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260315*1200*^*00501*${id}*0*T*:~`;
  return [
    from,
    `GS*HC*SENDER*RECEIVER*20260315*1200*${control}*X*005010X222A1~`,
    'ST*837*0001*005010X222A1~',
    ...head,
    ...body,
    `SE*${head.length + body.length + 2}*0001~`,
    `GE*1*${control}~`,
    `IEA*1*${id}~`,
  ];
}

const MEMBERS = [
  'member_id,birth_date,sex,contract_id,plan_id,enrollment_start_date,original_reason_entitlement_code,dual_status_code,part_b_start_date',
  'X-1,1948-03-02,F,H9901,001,2024-01-01,0,00,2013-01-01',
];

const codes = fc.subarray(['I5022', 'E1122', 'N1832', 'J449', 'F321'], { minLength: 1, maxLength: 2 });
const date = fc.constantFrom('20250304', '20250910', '20260205');

const life = (number: string) =>
  fc
    .record({
      date,
      first: codes,
      second: codes,
      end: fc.constantFrom('stands', 'replaced', 'voided', 'replacement voided'),
      named: fc.boolean(),
    })
    .map(({ date: day, first, second, end, named }) => {
      const of = (rest: Partial<Claim>): Claim => ({
        number,
        date: day,
        codes: first,
        frequency: '1',
        original: null,
        ...rest,
      });
      const original = named ? number : null;
      const replacement = of({ codes: second, frequency: '7', original });
      const voided = of({ frequency: '8', original });
      switch (end) {
        case 'stands':
          return { sent: [of({})], truth: [of({})] };
        case 'replaced':
          return { sent: [of({}), replacement], truth: [of({ codes: second })] };
        case 'voided':
          return { sent: [of({}), voided], truth: [] };
        default:
          return { sent: [of({}), replacement, voided], truth: [] };
      }
    });

describePostgres('837 claims', () => {
  const scratch = scratchDatabase();
  const { send, shown } = nightlyExtracts(scratch);

  const story = fc.record({
    lives: fc.tuple(life('CL1'), life('CL2'), life('CL3')),
    batches: fc.integer({ min: 1, max: 4 }),
    places: fc.infiniteStream(fc.nat({ max: 9_999 })),
  });

  test('come out as the final truth, whatever the order and the batches', { timeout: 240_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(story, async ({ lives, batches, places }) => {
        const nights: { claim: Claim; place: number }[][] = Array.from({ length: batches }, () => []);
        for (const claim of lives.flatMap(({ sent }) => sent)) {
          const night = (places.next().value ?? 0) % batches;
          nights[night]?.push({ claim, place: places.next().value ?? 0 });
        }
        const tenant = await scratch.tenant();
        await send(tenant, { 'members.csv': MEMBERS });
        for (const [index, night] of nights.entries()) {
          const claims = night.sort((a, b) => a.place - b.place).map(({ claim }) => claim);
          if (claims.length > 0) await send(tenant, { 'claims.837': interchange(claims, index + 1) });
        }
        const truth = await scratch.tenant();
        const standing = lives.flatMap((one) => one.truth);
        await send(truth, {
          'members.csv': MEMBERS,
          ...(standing.length > 0 ? { 'claims.837': interchange(standing, 99) } : {}),
        });
        // A replacement is known by its own number, which ends in :7.
        const plain = (texts: readonly string[]) =>
          texts.map((text) => text.replaceAll(/(CL\d):7/g, '$1')).sort();
        expect(plain(await shown(tenant))).toEqual(plain(await shown(truth)));
      }),
      { numRuns: Number(process.env.TRUTH_RUNS ?? 8) },
    );
  });
});
