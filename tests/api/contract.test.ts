import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { problemTable, transitionTable } from '../../src/api/api-page.ts';
import { rolePage } from '../../src/api/role-page.ts';
import { ACCESS, ROLES, type Role } from '../../src/api/roles.ts';
import { type TestApp, testApp } from './support/app.ts';

interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly responses?: Record<string, unknown>;
}
interface Document {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, object> };
}

const docs = path.resolve(import.meta.dirname, '../../docs');
let made: TestApp;
let document: Document;
let operations: { readonly method: string; readonly url: string; readonly operation: Operation }[];

beforeAll(async () => {
  made = await testApp();
  document = (await made.app.inject({ url: '/openapi.json' })).json();
  operations = Object.entries(document.paths).flatMap(([url, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, url, operation })),
  );
});
afterAll(() => made.app.close());

/** `docs/<name>` as it is; written anew when UPDATE_DOCS=1. */
function page(name: string, wanted: (before: string) => string): string {
  const file = path.join(docs, name);
  const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
  if (process.env.UPDATE_DOCS === '1') writeFileSync(file, wanted(before));
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

describe('roles', () => {
  test('every route of /v1 has an entry in the role table, and every entry its route', () => {
    const inDocument = operations.flatMap(({ url, operation }) =>
      url.startsWith('/v1/') ? [operation.operationId ?? `no id: ${url}`] : [],
    );
    const known: readonly string[] = Object.keys(ACCESS);
    expect(inDocument.filter((id) => !known.includes(id))).toEqual([]);
    expect(new Set(inDocument).size).toBe(inDocument.length);
    expect(known.filter((id) => !inDocument.includes(id))).toEqual([]);
  });

  test.each(ROLES)('%s gets past the door of its own routes only', async (role: Role) => {
    const key = made.access.key(role);
    const wrong: string[] = [];
    for (const { method, url, operation } of operations) {
      if (!url.startsWith('/v1/')) continue;
      const allowed: readonly Role[] | undefined = ACCESS[operation.operationId as keyof typeof ACCESS];
      const answer = await made.app.inject({
        method: method.toUpperCase() as 'GET',
        url: url.replaceAll(/\{[^}]+\}/g, 'none'),
        headers: { 'x-api-key': key },
      });
      const refused = answer.statusCode === 403;
      if (refused === allowed?.includes(role)) wrong.push(`${method} ${url}: ${answer.statusCode}`);
      if (refused) expect(answer.json().type).toBe('/problems/forbidden');
    }
    expect(wrong).toEqual([]);
  });

  test('docs/roles.md is what the tables say', () => {
    const routes = operations.flatMap(({ method, url, operation }) =>
      operation.operationId
        ? [{ operationId: operation.operationId, route: `${method.toUpperCase()} ${url}` }]
        : [],
    );
    const wanted = rolePage(routes);
    expect(page('roles.md', () => wanted)).toBe(wanted);
  });
});

describe('the OpenAPI document', () => {
  test('every operation has an id, a summary, and its problems', () => {
    const bare = operations.filter(({ url, operation }) => {
      if (!operation.operationId || !operation.summary) return true;
      return (
        url.startsWith('/v1/') &&
        !['401', '403', '429', '500'].every((status) => operation.responses?.[status])
      );
    });
    expect(bare.map(({ url }) => url)).toEqual([]);
  });

  test('every reference points at a component, and every component is a valid schema', () => {
    const text = JSON.stringify(document);
    const references = new Set(
      [...text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name),
    );
    const names = Object.keys(document.components.schemas);
    expect([...references].filter((name) => !names.includes(name ?? ''))).toEqual([]);
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    for (const [name, schema] of Object.entries(document.components.schemas)) {
      expect([name, ajv.validateSchema(schema)]).toEqual([name, true]);
    }
  });

  test('no path takes an identifier of a person other than our own keys (security L-2)', () => {
    const parameters = new Set(
      operations.flatMap(({ url }) => [...url.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name)),
    );
    expect([...parameters].sort()).toEqual(
      [...parameters].filter((name) => !/^(memberId|mbi|name|birthDate)$/.test(name ?? '')).sort(),
    );
    expect(parameters.has('memberKey')).toBe(true);
  });
});

describe('docs/api.md', () => {
  test.each([
    ['problems', problemTable],
    ['transitions', transitionTable],
  ] as const)('its table of %s is what the service applies', (name, table) => {
    const [begin, end] = [`<!-- ${name}: printed -->\n`, `\n<!-- ${name}: end -->`];
    const put = (text: string): string => {
      const [head = '', ...rest] = text.split(begin);
      const tail = rest.join(begin).split(end).slice(1).join(end);
      return `${head}${begin}${table()}${end}${tail}`;
    };
    const text = page('api.md', put);
    expect(text).toBe(put(text));
    expect(text).toContain(begin);
  });
});
