import { Ajv2020 } from 'ajv/dist/2020.js';
import { beforeAll, expect, test } from 'vitest';
import { describePostgres } from '../integration/services.ts';
import { history } from './support/histories.ts';
import { storedApp } from './support/stored.ts';

interface Document {
  readonly paths: Record<string, Record<string, { readonly responses: Record<string, Answer> }>>;
  readonly components: { readonly schemas: Record<string, { readonly required?: readonly string[] }> };
}
interface Answer {
  readonly content?: Record<string, { readonly schema: object }>;
}

const ROLES = ['coder', 'lead', 'analyst', 'provider'] as const;

describePostgres('what each role gets is what the OpenAPI document says', () => {
  const stored = storedApp();
  const keys: Record<string, string> = {};
  let document: Document;
  let gapId = '';
  let memberKey = '';

  beforeAll(async () => {
    const tenantId = await stored.scratch.tenant();
    for (const role of ROLES) keys[role] = await stored.key(tenantId, role, { npi: '1234567893' });
    await stored.load(tenantId, [history('M-1')]);
    document = (await stored.call(keys.lead ?? '', { url: '/openapi.json' })).json();
    const list = await stored.call(keys.lead ?? '', { url: '/v1/worklists/prospective?kind=recapture' });
    ({ gapId, memberKey } = list.json().items[0]);
  });

  test.each(ROLES)('%s', async (role) => {
    const analysis = { method: 'POST' as const, payload: history('M-1') };
    const score = {
      method: 'POST' as const,
      payload: {
        model: 'cms-hcc-v28',
        paymentYear: 2027,
        member: { sex: 'F', age: 77 },
        diagnoses: ['E11.9'],
      },
    };
    const requests = [
      { path: '/v1/worklists/{list}', url: '/v1/worklists/prospective?totals=true' },
      { path: '/v1/worklists/{list}', url: '/v1/worklists/retrospective?totals=true' },
      { path: '/v1/worklists/unspecified', url: '/v1/worklists/unspecified' },
      { path: '/v1/gaps/{gapId}', url: `/v1/gaps/${gapId}` },
      { path: '/v1/gaps/{gapId}/explanation', url: `/v1/gaps/${gapId}/explanation` },
      { path: '/v1/members/{memberKey}/raf', url: `/v1/members/${memberKey}/raf` },
      { path: '/v1/members/{memberKey}/gaps', url: `/v1/members/${memberKey}/gaps` },
      { path: '/v1/analyses', url: '/v1/analyses?paymentYear=2027', ...analysis },
      { path: '/v1/raf/score', url: '/v1/raf/score', ...score },
    ];
    const { components } = document;
    for (const { path, ...request } of requests) {
      const answer = await stored.call(keys[role] ?? '', request);
      const method = ('method' in request ? request.method : 'GET').toLowerCase();
      const { content = {} } = document.paths[path]?.[method]?.responses[String(answer.statusCode)] ?? {};
      const schema = content['application/json']?.schema ?? content['application/problem+json']?.schema;
      const ajv = new Ajv2020({ strict: false, validateFormats: false });
      const valid = ajv.validate({ ...schema, components }, answer.json());
      expect({ path, status: answer.statusCode, faults: valid ? [] : ajv.errors }).toEqual({
        path,
        status: answer.statusCode,
        faults: [],
      });
    }
  });

  test('fields that no mask takes away stay required, and requests keep theirs', () => {
    const stored = document.components.schemas.StoredGap?.required ?? [];
    expect(stored).toContain('gapId');
    expect(stored).not.toContain('impact');
    expect(document.components.schemas.Transition?.required).toEqual(['to']);
  });
});
