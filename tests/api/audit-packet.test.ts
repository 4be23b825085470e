import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { packageEditions } from '../../src/reference/fingerprints.ts';
import { listPackages, openPackage } from '../../src/reference/package.ts';
import { noteAnalysisBasis } from '../../src/store/analysis-basis.ts';
import { withTenant } from '../../src/store/database.ts';
import { describePostgres } from '../integration/services.ts';
import { reference } from './support/app.ts';
import { history } from './support/histories.ts';
import { storedApp } from './support/stored.ts';
import { unzip } from './support/unzip.ts';

const MAPPINGS = path.resolve(import.meta.dirname, '../../hcc-mappings');

const hash = (bytes: Buffer | undefined) =>
  createHash('sha256')
    .update(bytes ?? '')
    .digest('hex');

describePostgres('audit packets', () => {
  const stored = storedApp();
  const keys = { coder: '', lead: '', auditor: '', foreign: '' };
  let members: ReadonlyMap<string, string> = new Map();
  let tenantId = '';

  beforeAll(async () => {
    tenantId = await stored.scratch.tenant();
    for (const role of ['coder', 'lead', 'auditor'] as const) keys[role] = await stored.key(tenantId, role);
    keys.foreign = await stored.key(await stored.scratch.tenant(), 'auditor');
    members = await stored.load(
      tenantId,
      Array.from({ length: 8 }, (_, index) => history(`P-${index}`)),
    );
  });

  const packet = (key: string, payload: object) =>
    stored.call(key, { method: 'POST', url: '/v1/audit-packets', payload });

  test('one HCC: evidence, records, decisions, queries, versions, each with its hash in the manifest', async () => {
    const memberKey = members.get('P-0') ?? '';
    const list = await stored.call(keys.coder, {
      url: `/v1/worklists/prospective?kind=recapture&member=${memberKey}`,
    });
    const [gap] = list.json().items;
    await stored.call(keys.coder, {
      method: 'POST',
      url: '/v1/queries',
      payload: { gapId: gap.gapId, send: true },
    });
    const body = { memberKey, hcc: gap.hcc, paymentYear: gap.paymentYear };
    const answer = await packet(keys.auditor, body);
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toBe('application/zip');
    const files = await unzip(answer.rawPayload);
    const manifestBytes = files.get('manifest.json');
    expect(answer.headers['x-manifest-sha256']).toBe(hash(manifestBytes));
    const manifest = JSON.parse(String(manifestBytes));
    expect(manifest.files.map(({ path: name }: { path: string }) => name).sort()).toEqual(
      [...files.keys()].filter((name) => name !== 'manifest.json').sort(),
    );
    for (const { path: name, sha256, bytes } of manifest.files) {
      expect(hash(files.get(name))).toBe(sha256);
      expect(files.get(name)?.byteLength).toBe(bytes);
    }
    const folder = `members/${memberKey}/payment-year-${gap.paymentYear}/hcc-${gap.hcc}`;
    const read = (name: string) => JSON.parse(String(files.get(`${folder}/${name}.json`)));
    expect(read('evidence').gaps).toMatchObject([{ gap_id: gap.gapId }]);
    expect(read('decisions').events.map(({ type }: { type: string }) => type)).toEqual([
      'opened',
      'transition',
    ]);
    expect(read('queries').queries).toMatchObject([{ gap_id: gap.gapId, status: 'sent' }]);
    expect(read('scores').length).toBeGreaterThan(0);
    expect(read('scores')).toContainEqual(
      expect.objectContaining({
        detail: expect.objectContaining({
          current: expect.objectContaining({
            factors: expect.arrayContaining([expect.objectContaining({ kind: 'demographic' })]),
          }),
        }),
      }),
    );
    const versions = JSON.parse(String(files.get('versions.json')));
    expect(versions.models).toContain('cms-hcc-v28');
    expect(versions.suspectRules).toMatchObject({ version: reference().suspecting.library.version });
    // No worker has noted a basis for this tenant: the tables are those loaded, and the packet says so.
    expect(versions.analyses).toEqual({ from: 'loaded', asOf: null });
    expect(versions.packages.map(({ id }: { id: string }) => id)).toEqual(listPackages(MAPPINGS));
    expect(versions.packages).toContainEqual({
      id: 'queries',
      edition: openPackage(MAPPINGS, 'queries').manifest.version,
      sha256: hash(readFileSync(path.join(MAPPINGS, 'queries', 'manifest.json'))),
      loaded: true,
    });
    expect(hash((await packet(keys.auditor, body)).rawPayload)).toBe(hash(answer.rawPayload));

    const coded = await unzip((await packet(keys.lead, { ...body, hcc: '38' })).rawPayload);
    const records = JSON.parse(
      String(coded.get(`members/${memberKey}/payment-year-${gap.paymentYear}/hcc-38/records.json`)),
    );
    expect(records.best).toEqual(['E3']);
    expect(records.records).toMatchObject([{ rank: 1, codes: ['E11.9'], eligible: true }]);
  });

  test('with a basis on record the packet carries its fingerprints, and which of them are loaded now', async () => {
    const tables = packageEditions(MAPPINGS);
    const packages = {
      ...Object.fromEntries(Object.entries(tables).map(([id, { sha256 }]) => [id, sha256])),
      queries: 'an older fingerprint',
    };
    await withTenant(stored.scratch.db, tenantId, (tx) =>
      noteAnalysisBasis(tx, { asOf: '2026-11-22', packages }),
    );
    const body = { memberKey: members.get('P-1') ?? '', hcc: '38', paymentYear: 2027 };
    const files = await unzip((await packet(keys.auditor, body)).rawPayload);
    const versions = JSON.parse(String(files.get('versions.json')));
    expect(versions.analyses).toEqual({ from: 'stored', asOf: '2026-11-22' });
    expect(versions.packages).toContainEqual({
      id: 'queries',
      edition: null,
      sha256: 'an older fingerprint',
      loaded: false,
    });
    expect(versions.packages).toContainEqual({ id: 'payment', ...tables.payment, loaded: true });
  });

  test('a sample is drawn by its seed, again and again the same, and states how', async () => {
    const body = { sample: { seed: 'autumn-1', size: 3 }, paymentYear: 2027 };
    const manifestOf = async (payload: object) => {
      const files = await unzip((await packet(keys.auditor, payload)).rawPayload);
      return JSON.parse(String(files.get('manifest.json')));
    };
    const first = await manifestOf(body);
    expect(first.sample).toMatchObject({ population: 8, drawn: 3 });
    expect(await manifestOf(body)).toEqual(first);
    const drawn = first.sample.members.map(({ memberKey }: { memberKey: string }) => memberKey);
    const byHand = [...members.values()]
      .sort((a, b) => (hash(Buffer.from(`autumn-1 ${a}`)) < hash(Buffer.from(`autumn-1 ${b}`)) ? -1 : 1))
      .slice(0, 3);
    expect(drawn).toEqual(byHand);
    const other = await manifestOf({ sample: { seed: 'autumn-2', size: 8 }, paymentYear: 2027 });
    expect(other.sample.members).toHaveLength(8);
  });

  test("another tenant's member is as unknown as one that never was; a coder may not draw", async () => {
    const body = { memberKey: members.get('P-0'), hcc: '226', paymentYear: 2027 };
    const theirs = await packet(keys.foreign, body);
    const nobody = await packet(keys.foreign, { ...body, memberKey: '00000000-0000-4000-8000-000000000001' });
    expect(theirs.statusCode).toBe(404);
    expect({ ...theirs.json(), instance: '' }).toEqual({ ...nobody.json(), instance: '' });
    expect((await packet(keys.coder, body)).statusCode).toBe(403);
  });

  test('the download is in the audit log with the members in it', async () => {
    const { items } = (await stored.call(keys.auditor, { url: '/v1/audit?action=getAuditPacket' })).json();
    expect(items.some(({ memberKeys }: { memberKeys: string[] }) => memberKeys.length === 3)).toBe(true);
  });
});
