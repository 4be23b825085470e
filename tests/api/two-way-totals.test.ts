import { beforeAll, describe, expect, test } from 'vitest';
import { describePostgres } from '../integration/services.ts';
import { testApp } from './support/app.ts';
import { history } from './support/histories.ts';
import { storedApp } from './support/stored.ts';

type Schema = Readonly<Record<string, unknown>>;
interface Document {
  readonly paths: Record<
    string,
    Record<string, { operationId?: string; responses?: Record<string, Schema> }>
  >;
  readonly components: { readonly schemas: Record<string, Schema> };
}

/** Sums of impacts or money over several gaps. One gap's own figures stand beside its gapId and are no total. */
const SUMS = ['standalone', 'incremental', 'shapley', 'payment', 'dollars', 'amountCents', 'netRaf'];

/** Answers with sums over gaps, and how each is asked for; an answer that is not here fails the first test. */
const ASKED: Readonly<Record<string, string>> = {
  getWorklist: '/v1/worklists/retrospective?kind=recapture&totals=true',
  getDrivers: '/v1/analytics/drivers?paymentYear=2027&limit=1',
  getAddsAndDeletes: '/v1/analytics/adds-and-deletes?paymentYear=2027',
};

/** `totals` that sum no gaps: differences of two scores; a release's adds and deletes, counted side by side. */
const NO_SUMS: ReadonlySet<string> = new Set(['compareRaf', 'listReleases']);

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Every object schema below one, references followed once. */
function* objects(document: Document, schema: unknown, seen = new Set<string>()): Generator<Schema> {
  if (Array.isArray(schema)) {
    for (const item of schema) yield* objects(document, item, seen);
    return;
  }
  if (!isObject(schema)) return;
  const name = typeof schema.$ref === 'string' ? schema.$ref.split('/').at(-1) : undefined;
  if (name !== undefined) {
    if (seen.has(name)) return;
    yield* objects(document, document.components.schemas[name], new Set([...seen, name]));
    return;
  }
  if (isObject(schema.properties)) yield schema.properties;
  for (const value of Object.values(schema)) yield* objects(document, value, seen);
}

/** A row that counts gaps and sums what they are worth; `gaps` of an impact request is the list of candidates. */
function isTotal(properties: Schema): boolean {
  const { gaps } = properties;
  const counts = typeof gaps === 'number' || (isObject(gaps) && gaps.type === 'integer');
  return counts && SUMS.some((name) => name in properties);
}

describe('no total is of adds alone', () => {
  test('every answer that sums impacts says the direction, and is asked for below', async () => {
    const made = await testApp();
    const document: Document = (await made.app.inject({ url: '/openapi.json' })).json();
    await made.app.close();
    const summing = new Set<string>();
    const faults: string[] = [];
    for (const methods of Object.values(document.paths)) {
      for (const { operationId = '', responses = {} } of Object.values(methods)) {
        for (const properties of objects(document, responses)) {
          if ('totals' in properties) summing.add(operationId);
          if (!isTotal(properties)) continue;
          summing.add(operationId);
          if (!JSON.stringify(properties.direction ?? null).includes('"delete"')) {
            faults.push(`${operationId}: ${Object.keys(properties).join(', ')}`);
          }
        }
      }
    }
    expect(faults).toEqual([]);
    expect([...summing].filter((id) => !NO_SUMS.has(id)).sort()).toEqual(Object.keys(ASKED).sort());
  });
});

interface Row {
  readonly direction: string;
  readonly gaps: number;
  readonly standalone: number;
}

/** Every list of rows with a direction and a sum in an answer. */
function rowsIn(value: unknown): Row[][] {
  if (Array.isArray(value)) {
    const rows = value.filter(
      (row) => isObject(row) && 'direction' in row && isTotal(row),
    ) as unknown as Row[];
    return [...(rows.length > 0 ? [rows] : []), ...value.flatMap(rowsIn)];
  }
  return isObject(value) ? Object.values(value).flatMap(rowsIn) : [];
}

describePostgres('deletes beside adds', () => {
  const stored = storedApp();
  let tenantId = '';
  let lead = '';
  let members: ReadonlyMap<string, string> = new Map();

  beforeAll(async () => {
    tenantId = await stored.scratch.tenant();
    lead = await stored.key(tenantId, 'lead');
    members = await stored.load(tenantId, [history('M-1'), history('M-2')]);
  });

  const get = async (url: string) => {
    const answer = await stored.call(lead, { url });
    expect([url, answer.statusCode]).toEqual([url, 200]);
    return answer.json();
  };

  test.each(Object.entries(ASKED))('%s shows deletes signed, whatever is filtered', async (_id, url) => {
    const answer = await get(url);
    const deletes = rowsIn(answer)
      .flat()
      .filter(({ direction, gaps }) => direction === 'delete' && gaps > 0);
    expect(deletes.length).toBeGreaterThan(0);
    for (const row of deletes) expect(row.standalone).toBeLessThan(0);
    if (isObject(answer.totals)) {
      const { byDirection, net } = answer.totals as { byDirection: Row[]; net: { standalone: number } };
      const sum = byDirection.reduce((total, row) => total + Math.round(row.standalone * 1000), 0) / 1000;
      expect(net.standalone).toBe(sum);
    }
  });

  test('a score "if all closed" has the adds in and the deletes out', async () => {
    const { items } = await get(`/v1/members/${members.get('M-1')}/raf?paymentYear=2027`);
    const { current, ifAllClosed, rawCurrent, rawIfClosed } = items[0].raf;
    expect(current.hccs).toContain('249');
    expect(ifAllClosed.hccs).not.toContain('249');
    expect(ifAllClosed.hccs).toContain('226');
    expect(rawIfClosed - rawCurrent).toBeCloseTo(ifAllClosed.rawScore - current.rawScore, 6);
    const [all] = (await get('/v1/analytics/raf?paymentYear=2027')).items;
    expect(all.meanRawIfClosed).toBe(rawIfClosed);
  });
});
