import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fhirParser } from '../../src/intake/fhir/parse.ts';
import { intakeOptions } from '../../src/intake/parser.ts';
import { historiesOf } from '../helpers/histories.ts';
import { brief, collect, inputOf, only } from '../helpers/intake.ts';

const bundle = readFileSync(new URL('../fixtures/fhir/bundle.json', import.meta.url));
const options = intakeOptions({ asOf: '2026-11-24' });
const read = (content: string | Uint8Array = bundle, settings = {}, file = 'bundle.json') =>
  collect(fhirParser(settings)([inputOf(file, content, 97)], options));

describe('a transaction Bundle', () => {
  it('gives every resource an outcome, with entry number and JSON pointer', async () => {
    const { findings, reports } = await read();
    expect(brief(findings)).toEqual([
      'bundle.json:3 snomed_not_mapped /entry/2/resource/code',
      'bundle.json:6 diagnosis_invalid /entry/5/resource/code',
      'bundle.json:7 member_unresolved /entry/6/resource/subject',
      'bundle.json:10 status_not_used /entry/9/resource/status',
      'bundle.json:21 claim_superseded_by_eob /entry/20/resource',
      'bundle.json:26 observation_without_value /entry/25/resource/value',
      'bundle.json:31 resource_type_not_used /entry/30/resource/resourceType',
    ]);
    expect(findings.find(({ code }) => code === 'diagnosis_invalid')).toMatchObject({
      severity: 'error',
      value: '11E.9',
    });
    expect(reports.reduce((sum, { received }) => sum + received, 0)).toBe(31);
    expect(reports.find(({ recordType }) => recordType === 'Condition')).toMatchObject({
      received: 7,
      accepted: 5,
      rejected: 2,
    });
  });

  it('resolves references forward: a condition before its encounter, patient by urn, provider by id', async () => {
    const { records } = await read();
    expect(only(records, 'condition')[0]).toMatchObject({
      memberId: 'fp-1',
      condition: { code: 'I5022', source: 'note', encounterId: 'fe-1', recorded: '2026-05-02' },
    });
    expect(
      only(records, 'encounter').find(({ encounter }) => encounter.encounterId === 'fe-1'),
    ).toMatchObject({
      complete: false,
      encounter: { source: 'ehr', signed: true, provider: { npi: '1245319599', specialty: '207R00000X' } },
    });
    expect(
      only(records, 'service_line')
        .filter(({ encounterId }) => encounterId === 'fe-1')
        .map(({ line }) => line.procedure),
    ).toEqual(['99214', '90935']);
  });

  it('hangs conditions of a visit on the claim whose line names it, and puts no diagnosis on the visit', async () => {
    const { records } = await read();
    const { memberId } = only(records, 'visit_claim')[0] ?? {};
    const history = historiesOf(records).find((each) => each.memberId === memberId);
    const condition = history?.conditions.find(({ conditionId }) => conditionId === 'c4');
    expect(condition).toMatchObject({ code: 'J449', encounterId: 'CLM-F1', recorded: '2026-03-14' });
    const visit = history?.encounters.find(({ encounterId }) => encounterId === 'fe-2');
    expect(visit).toMatchObject({ source: 'ehr', diagnoses: [] });
  });

  it('reads claims: status, bill type, replacement, modality, final diagnoses', async () => {
    const { records } = await read();
    const claims = only(records, 'encounter')
      .map(({ encounter }) => encounter)
      .filter(({ source }) => source === 'claim');
    expect(
      claims.map((claim) => [
        claim.encounterId,
        claim.setting,
        claim.billType,
        claim.claimStatus,
        claim.replacesEncounterId,
        claim.modality,
        claim.to,
      ]),
    ).toEqual([
      ['CLM-F1', 'professional', null, 'original', null, 'audio_only', '2026-03-14'],
      ['CLM-F2', 'inpatient', '0111', 'original', null, 'in_person', '2026-01-03'],
      ['CLM-F3', 'professional', null, 'void', null, 'in_person', '2025-06-10'],
      ['CLM-F4', 'outpatient', '0137', 'replacement', 'CLM-F0', 'in_person', '2026-02-02'],
    ]);
    const codes = (id: string) =>
      only(records, 'diagnosis')
        .filter(({ encounterId }) => encounterId === id)
        .map(({ code }) => code);
    expect(codes('CLM-F2')).toEqual(['A419', 'J9601']);
    expect(codes('CLM-F3')).toEqual([]);
    const all = await read(bundle, { includeNonFinalDiagnoses: true });
    expect(only(all.records, 'diagnosis').map(({ code }) => code)).toContain('R6520');
  });

  it('reads results, drugs, appointments and coverage', async () => {
    const { records } = await read();
    expect(
      only(records, 'observation').map(({ observation: o }) => [o.code, o.value, o.comparator, o.unit]),
    ).toEqual([
      ['33914-3', 38, null, 'mL/min/{1.73_m2}'],
      ['9318-7', 300, '>', null],
      ['8480-6', 142, null, 'mm[Hg]'],
      ['8462-4', 88, null, 'mm[Hg]'],
    ]);
    expect(
      only(records, 'medication').map(({ medication: m }) => [
        m.code,
        m.system,
        m.source,
        m.date,
        m.daysSupply,
      ]),
    ).toEqual([
      ['00093721401', 'ndc', 'fill', '2026-01-15', 90],
      ['860975', 'rxnorm', 'order', '2026-01-15', 90],
      ['00093721401', 'ndc', 'fill', '2026-01-16', 30],
    ]);
    expect(only(records, 'appointment').map(({ appointment }) => appointment)).toEqual([
      { date: '2026-12-04', provider: { npi: '1245319599', specialty: null } },
    ]);
    expect(
      only(records, 'coverage').map(({ period }) => [period.contractId, period.planId, period.dualStatus]),
    ).toEqual([['H9999', '002', '02']]);
    expect(only(records, 'member')).toMatchObject([{ memberId: 'fp-1', birthDate: '1949-08-17', sex: 'F' }]);
  });

  it('takes the member id from a configured identifier system, the open one first', async () => {
    const ids = async (memberIdSystems: readonly string[]) => [
      ...new Set((await read(bundle, { memberIdSystems })).records.map(({ memberId }) => memberId)),
    ];
    expect(await ids([])).toEqual(['fp-1']);
    expect(await ids(['https://harbor.example/member'])).toEqual(['HPM0009']);
    expect(await ids(['http://hl7.org/fhir/sid/us-mbi'])).toEqual(['9AA9AA9AA12']);
  });
});

describe('two versions of one claim', () => {
  const eob = (id: string, updated: string, code: string) => ({
    resourceType: 'ExplanationOfBenefit',
    id,
    meta: { lastUpdated: updated },
    identifier: [{ type: { coding: [{ code: 'uc' }] }, value: 'CLM-V' }],
    status: 'active',
    type: { coding: [{ code: 'professional' }] },
    patient: { reference: 'Patient/fp-7' },
    billablePeriod: { start: '2026-02-03' },
    diagnosis: [
      {
        sequence: 1,
        diagnosisCodeableConcept: { coding: [{ code, system: 'http://hl7.org/fhir/sid/icd-10' }] },
      },
    ],
  });

  it('the newer ExplanationOfBenefit of a claim number stands, in whatever order they come', async () => {
    const versions = [eob('n1', '2026-03-01T00:00:00Z', 'E119'), eob('n2', '2026-04-01T00:00:00Z', 'E1140')];
    for (const order of [versions, [...versions].reverse()]) {
      const { records, findings } = await read(JSON.stringify(order));
      expect(only(records, 'diagnosis').map(({ code }) => code)).toEqual(['E1140']);
      expect(findings.map(({ code }) => code)).toEqual(['claim_number_repeated']);
    }
  });

  it('a later entered-in-error version leaves a void', async () => {
    const wrong = { ...eob('n1', '2026-05-01T00:00:00Z', 'E119'), status: 'entered-in-error' };
    const { records } = await read(JSON.stringify([eob('n1', '2026-03-01T00:00:00Z', 'E119'), wrong]));
    expect(records).toMatchObject([
      { kind: 'encounter', encounter: { encounterId: 'CLM-V', claimStatus: 'void' } },
      { kind: 'claim_resource', claimId: 'CLM-V', resource: 'ExplanationOfBenefit/n1' },
    ]);
  });
});

describe('other shapes', () => {
  it('single resource, list of resources, one-line Bundle and pretty Bundle read alike', async () => {
    const { entry } = JSON.parse(bundle.toString());
    const resources = entry.map(({ resource }: { resource: object }) => resource);
    const expected = (await read()).records.length;
    // Without the full URLs of a Bundle, two references by urn do not resolve.
    const linked = JSON.stringify(resources)
      .replaceAll('urn:uuid:00000000-aaaa-4aaa-8aaa-000000000001', 'Patient/fp-1')
      .replaceAll('urn:uuid:00000000-aaaa-4aaa-8aaa-0000000000e1', 'Encounter/fe-1');
    const lines = JSON.parse(linked)
      .map((resource: object) => JSON.stringify(resource))
      .join('\r\n');
    expect((await read(linked)).records).toHaveLength(expected);
    expect((await read(lines, {}, 'all.ndjson')).records).toHaveLength(expected);
    expect((await read(`\ufeff${JSON.stringify(JSON.parse(bundle.toString()))}`)).records).toHaveLength(
      expected,
    );
    expect((await read(JSON.stringify(resources[11], null, 2))).records).toHaveLength(3);
  });

  it('a value that is no resource is rejected', async () => {
    const { findings, reports } = await read('{"hello": "world"}');
    expect(brief(findings)).toEqual(['bundle.json:1 not_a_resource ']);
    expect(reports).toMatchObject([{ recordType: 'unknown', received: 1, rejected: 1 }]);
  });

  it('a truncated Bundle gives what came before the cut, and says so', async () => {
    const { findings, records } = await read(bundle.subarray(0, bundle.indexOf('"id": "fe-3"')));
    expect(findings.map(({ code }) => code)).toContain('json_truncated');
    expect(only(records, 'encounter')).toHaveLength(2);
  });
});
