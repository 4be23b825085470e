import fc from 'fast-check';
import { expect, test } from 'vitest';
import { withTenant } from '../../src/store/database.ts';
import { loadHistories } from '../../src/store/histories.ts';
import { findMembersByExternalId } from '../../src/store/members.ts';
import { nightlyExtracts } from './nightly-extracts.ts';
import { describePostgres, scratchDatabase } from './services.ts';

type Resource = Readonly<Record<string, unknown>> & { readonly resourceType: string; readonly id: string };

const coding = (system: string, code: string) => ({ coding: [{ system, code }] });
const subject = { reference: 'Patient/P1' };
/** Nobody here exists. */
const PEOPLE: readonly Resource[] = [
  { resourceType: 'Patient', id: 'P1', birthDate: '1948-03-02', gender: 'female' },
  {
    resourceType: 'Coverage',
    id: 'V1',
    status: 'active',
    beneficiary: subject,
    period: { start: '2024-01-01' },
    extension: [
      {
        url: 'https://bluebutton.cms.gov/fhir/StructureDefinition/BENE-CNTRCT-NUM',
        valueString: 'H9901',
      },
    ],
  },
];

const visit = (id: string, day: string): Resource => ({
  resourceType: 'Encounter',
  id,
  status: 'finished',
  class: { code: 'AMB' },
  type: [coding('http://www.ama-assn.org/go/cpt', '99214')],
  subject,
  period: { start: day, end: day },
});
const condition = (id: string, code: string, encounter: string | null, rest: object = {}): Resource => ({
  resourceType: 'Condition',
  id,
  category: [
    coding(
      'http://terminology.hl7.org/CodeSystem/condition-category',
      encounter === null ? 'problem-list-item' : 'encounter-diagnosis',
    ),
  ],
  verificationStatus: { coding: [{ code: 'confirmed' }] },
  clinicalStatus: { coding: [{ code: 'active' }] },
  code: coding('http://hl7.org/fhir/sid/icd-10-cm', code),
  subject,
  recordedDate: DAYS[encounter ?? ''] ?? '2026-02-05',
  ...(encounter === null ? {} : { encounter: { reference: `Encounter/${encounter}` } }),
  ...rest,
});
const DAYS: Readonly<Record<string, string>> = { E1: '2025-03-04', E2: '2026-02-05' };
const bill = (id: string, codes: readonly string[], encounter: string | null): Resource => ({
  resourceType: 'ExplanationOfBenefit',
  id,
  identifier: [{ type: { coding: [{ code: 'uc' }] }, value: `CLM-${id}` }],
  status: 'active',
  use: 'claim',
  type: coding('http://terminology.hl7.org/CodeSystem/claim-type', 'professional'),
  patient: subject,
  diagnosis: codes.map((code, index) => ({
    sequence: index + 1,
    diagnosisCodeableConcept: coding('http://hl7.org/fhir/sid/icd-10-cm', code),
  })),
  item: [
    {
      sequence: 1,
      productOrService: coding('http://www.ama-assn.org/go/cpt', '99214'),
      servicedDate: DAYS[encounter ?? ''] ?? '2026-06-20',
      ...(encounter === null ? {} : { encounter: [{ reference: `Encounter/${encounter}` }] }),
    },
  ],
});
const lab = (id: string, value: number): Resource => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  code: coding('http://loinc.org', '33914-3'),
  subject,
  effectiveDateTime: '2026-02-01',
  valueQuantity: {
    value,
    unit: 'mL/min/{1.73_m2}',
    system: 'http://unitsofmeasure.org',
    code: 'mL/min/{1.73_m2}',
  },
});
const booking = (id: string, day: string): Resource => ({
  resourceType: 'Appointment',
  id,
  status: 'booked',
  start: `${day}T09:00:00Z`,
  participant: [{ actor: subject }],
});
const order = (id: string, code: string): Resource => ({
  resourceType: 'MedicationRequest',
  id,
  status: 'active',
  intent: 'order',
  authoredOn: '2026-01-15',
  subject,
  medicationCodeableConcept: coding('http://www.nlm.nih.gov/research/umls/rxnorm', code),
});
const treatment = (id: string, code: string): Resource => ({
  resourceType: 'Procedure',
  id,
  status: 'completed',
  subject,
  code: coding('http://www.ama-assn.org/go/cpt', code),
  performedDateTime: DAYS.E2,
  encounter: { reference: 'Encounter/E2' },
});

/** The versions that each resource may have, the later one second. */
const LIVES: readonly (readonly [Resource, Resource])[] = [
  [visit('E1', DAYS.E1 ?? ''), visit('E1', DAYS.E1 ?? '')],
  [visit('E2', DAYS.E2 ?? ''), visit('E2', DAYS.E2 ?? '')],
  [condition('C1', 'I50.22', 'E1'), condition('C1', 'I50.32', 'E1')],
  [
    condition('C2', 'E11.22', 'E2'),
    condition('C2', 'E11.22', 'E2', { verificationStatus: { coding: [{ code: 'refuted' }] } }),
  ],
  [condition('C3', 'E11.22', 'E2'), condition('C3', 'J44.9', 'E2')],
  [condition('C4', 'F32.1', null), condition('C4', 'F33.1', null)],
  [bill('B1', ['I50.22'], 'E1'), bill('B1', ['I50.22', 'N18.32'], 'E1')],
  [bill('B2', ['J44.9'], null), bill('B2', ['E11.22'], null)],
  [lab('O1', 38), lab('O1', 22)],
  [booking('A1', '2026-12-04'), booking('A1', '2026-12-11')],
  [order('M1', '860975'), order('M1', '1364430')],
  [treatment('T1', '90935'), treatment('T1', '93000')],
];

const END = ['stands', 'changed', 'deleted', 'deleted, made again', 'called a mistake'] as const;
const mistaken = (resource: Resource): Resource =>
  resource.resourceType === 'Condition'
    ? { ...resource, verificationStatus: { coding: [{ code: 'entered-in-error' }] } }
    : { ...resource, status: 'entered-in-error' };
const dated = (resource: Resource, version: number): string =>
  JSON.stringify({ ...resource, meta: { versionId: String(version), lastUpdated: instant(version) } });
const instant = (version: number) => `2026-0${version}-01T00:00:00Z`;
const deletion = ({ resourceType, id }: Resource, at: string): string =>
  JSON.stringify({
    resourceType: 'Bundle',
    type: 'transaction',
    timestamp: at,
    entry: [{ request: { method: 'DELETE', url: `${resourceType}/${id}` } }],
  });

/** A resource's life: what is sent of it, in this order but for a deletion, which may come at any time; what is true. */
function lifeOf([first, second]: readonly [Resource, Resource], end: (typeof END)[number]) {
  const one = { text: dated(first, 1), free: false };
  const two = { text: dated(second, 2), free: false };
  switch (end) {
    case 'stands':
      return { sent: [one], truth: [one.text] };
    case 'changed':
      return { sent: [one, two], truth: [two.text] };
    case 'deleted':
      return { sent: [one, two, { text: deletion(first, instant(3)), free: true }], truth: [] };
    case 'deleted, made again':
      return {
        sent: [
          one,
          { text: deletion(first, instant(2)), free: false },
          { text: dated(second, 3), free: false },
        ],
        truth: [dated(second, 3)],
      };
    default: {
      const text = dated(mistaken(first), 2);
      // A visit or a claim that was a mistake is void, which says more than that nothing is known of it.
      const isVoid = /^(Encounter|ExplanationOfBenefit)$/.test(first.resourceType);
      return { sent: [one, { text, free: false }], truth: isVoid ? [text] : [] };
    }
  }
}

describePostgres('what a FHIR server took back', () => {
  const scratch = scratchDatabase();
  const { send, shown } = nightlyExtracts(scratch);
  const people = PEOPLE.map((resource) => JSON.stringify(resource));
  async function stored(tenant: string) {
    return withTenant(scratch.db, tenant, async (tx) => {
      const [member] = await findMembersByExternalId(tx, ['P1']);
      const [history] = await loadHistories(tx, [member?.memberKey ?? '']);
      if (history === undefined) throw new Error('no history');
      const encounters = history.encounters.filter(({ claimStatus }) => claimStatus !== 'void');
      return { ...history, memberId: 'P1', encounters };
    });
  }

  const story = fc.record({
    ends: fc.array(fc.constantFrom(...END), { minLength: LIVES.length, maxLength: LIVES.length }),
    batches: fc.integer({ min: 1, max: 4 }),
    places: fc.infiniteStream(fc.nat({ max: 9_999 })),
  });

  test('leaves nothing behind, whatever the order and the batches', { timeout: 240_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(story, async ({ ends, batches, places }) => {
        const lives = LIVES.map((versions, index) => lifeOf(versions, ends[index] ?? 'stands'));
        const nights: string[][] = Array.from({ length: batches }, () => []);
        for (const { sent } of lives) {
          const ordered = sent
            .filter(({ free }) => !free)
            .map(({ text }) => ({ text, night: (places.next().value ?? 0) % batches }))
            .sort((a, b) => a.night - b.night);
          // Versions of one resource in their order; within a night the index puts them in order.
          const texts = sent.filter(({ free }) => !free).map(({ text }) => text);
          for (const [index, { night }] of ordered.entries()) nights[night]?.push(texts[index] ?? '');
          for (const { text } of sent.filter(({ free }) => free)) {
            nights[(places.next().value ?? 0) % batches]?.push(text);
          }
        }
        const tenant = await scratch.tenant();
        await send(tenant, { 'people.ndjson': people });
        for (const night of nights) {
          const shuffled = night
            .map((text) => ({ text, place: places.next().value ?? 0 }))
            .sort((a, b) => a.place - b.place)
            .map(({ text }) => text);
          if (shuffled.length > 0) await send(tenant, { 'export.ndjson': shuffled });
        }
        const truth = await scratch.tenant();
        const facts = lives.flatMap((life) => life.truth);
        await send(truth, {
          'people.ndjson': people,
          ...(facts.length > 0 ? { 'export.ndjson': facts } : {}),
        });
        const [was, is] = [await stored(truth), await stored(tenant)];
        // A feed that was there once stays there, empty.
        expect({
          ...is,
          observations: is.observations ?? [],
          medications: is.medications ?? [],
          procedures: is.procedures ?? [],
        }).toEqual({
          ...was,
          observations: was.observations ?? [],
          medications: was.medications ?? [],
          procedures: was.procedures ?? [],
        });
        if (JSON.stringify(is) === JSON.stringify(was))
          expect(await shown(tenant)).toEqual(await shown(truth));
      }),
      { numRuns: Number(process.env.TRUTH_RUNS ?? 8) },
    );
  });
});
