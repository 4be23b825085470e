import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { listFileReports, listFindings } from '../../src/store/batches.ts';
import { withTenant } from '../../src/store/database.ts';
import { nightlyExtracts } from './nightly-extracts.ts';
import { describePostgres, scratchDatabase } from './services.ts';

// Without birth dates, so that the claims make no members; the number of segments stays.
const claims = readFileSync(new URL('../fixtures/x12/claims-837p.x12', import.meta.url), 'utf8').replaceAll(
  /DMG\*[^~]*~/g,
  'REF*Y4*1~',
);
const resource = (resourceType: string, id: string, rest: object) =>
  JSON.stringify({ resourceType, id, subject: { reference: 'Patient/NOBODY' }, ...rest });

describePostgres('records of a member whom nobody knows', () => {
  const scratch = scratchDatabase();
  const { send } = nightlyExtracts(scratch);

  test('are counted under their type and handed back as they were sent, whatever their format', async () => {
    const tenant = await scratch.tenant();
    const condition = resource('Condition', 'c1', {
      code: { coding: [{ system: 'http://hl7.org/fhir/sid/icd-10-cm', code: 'I50.22' }] },
    });
    const labs = [1, 2, 3].map((value) =>
      resource('Observation', `o${value}`, {
        subject: { reference: 'Patient/P1' },
        status: 'final',
        effectiveDateTime: '2026-02-01',
        code: { coding: [{ system: 'http://loinc.org', code: '33914-3' }] },
        valueQuantity: { value },
      }),
    );
    const patient = JSON.stringify({
      resourceType: 'Patient',
      id: 'P1',
      birthDate: '1948-03-02',
      gender: 'female',
    });
    const { batch } = await send(tenant, {
      'claims.837': [claims.trimEnd()],
      'export.ndjson': [patient, ...labs, condition],
    });
    const { reports, findings } = await withTenant(scratch.db, tenant, async (tx) => ({
      reports: await listFileReports(tx, batch.batchId),
      findings: await listFindings(tx, batch.batchId, { afterSeq: -1, limit: 1000, severity: 'error' }),
    }));
    const counted = reports
      .filter(({ file }) => file === 'export.ndjson')
      .map(({ recordType, received, accepted, rejected }) => [recordType, received, accepted, rejected]);
    expect(counted).toEqual([
      ['Condition', 1, 0, 1],
      ['Observation', 3, 3, 0],
      ['Patient', 1, 1, 0],
    ]);
    const unknown = findings.filter(({ code }) => code === 'unknown_member');
    expect(unknown.find(({ file }) => file === 'export.ndjson')?.raw).toBe(condition);
    const refused = unknown.filter(({ file }) => file === 'claims.837');
    expect(refused.length).toBeGreaterThan(3);
    for (const { raw } of refused) expect(raw).toMatch(/^(?:NM1|HL|SBR|CLM)\*/);
    for (const { raw } of refused) expect(raw).toContain('CLM*');
    for (const { received, accepted, rejected } of reports) expect(received).toBe(accepted + rejected);
  });
});
