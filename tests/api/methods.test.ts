import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestApp, testApp } from './support/app.ts';

describe('methods of an address', () => {
  let made: TestApp;
  let key = '';
  beforeAll(async () => {
    made = await testApp();
    key = made.access.key('analyst');
  });
  afterAll(() => made.app.close());
  const call = (method: string, url: string, headers: Record<string, string> = {}) =>
    made.app.inject({ method: method as 'GET', url, headers: { 'x-api-key': key, ...headers } });

  test.each([
    ['GET', '/v1/raf/score', 'OPTIONS, POST'],
    ['DELETE', '/v1/gaps/some-gap', 'GET, HEAD, OPTIONS'],
    ['DELETE', '/v1/settings', 'GET, HEAD, OPTIONS, PUT'],
    ['POST', '/v1/reference/codes/E11.9?paymentYear=2027', 'GET, HEAD, OPTIONS'],
  ])('%s %s is 405 and Allow names the others', async (method, url, allow) => {
    const answer = await call(method, url);
    expect(answer.statusCode).toBe(405);
    expect(answer.headers.allow).toBe(allow);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.json()).toMatchObject({ type: '/problems/method-not-allowed', status: 405 });
  });

  test('OPTIONS says what is served, and an unknown address stays 404', async () => {
    const options = await call('OPTIONS', '/v1/raf/score');
    expect([options.statusCode, options.headers.allow, options.body]).toEqual([204, 'OPTIONS, POST', '']);
    for (const method of ['GET', 'OPTIONS', 'DELETE']) {
      expect((await call(method, '/v1/none/such')).statusCode).toBe(404);
    }
  });

  test('HEAD answers as GET without a body, behind the same door', async () => {
    const get = await call('GET', '/v1/reference/models');
    const head = await call('HEAD', '/v1/reference/models');
    expect([head.statusCode, head.body]).toEqual([200, '']);
    expect(head.headers['content-length']).toBe(String(Buffer.byteLength(get.body)));
    expect((await made.app.inject({ method: 'HEAD', url: '/v1/reference/models' })).statusCode).toBe(401);
    const provider = made.access.key('provider');
    expect((await call('HEAD', '/v1/reference/models', { 'x-api-key': provider })).statusCode).toBe(403);
  });

  test('a JSON-only address refuses CSV with 406, and a stream of lines may be asked for where it is taken', async () => {
    const table = await call('GET', '/v1/reference/models', { accept: 'text/csv' });
    expect([table.statusCode, table.json().type]).toEqual([406, '/problems/not-acceptable']);
    for (const accept of ['application/json', '*/*', 'text/csv, */*;q=0.1', 'application/*']) {
      expect((await call('GET', '/v1/reference/models', { accept })).statusCode).toBe(200);
    }
    const lines = await call('POST', '/v1/raf/score', { accept: 'application/x-ndjson' });
    expect(lines.statusCode).not.toBe(406);
    const provider = made.access.key('provider');
    const door = await call('GET', '/v1/reference/models', { accept: 'text/csv', 'x-api-key': provider });
    expect(door.statusCode).toBe(403);
  });
});
