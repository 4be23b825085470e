import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config.ts';

describe('REQUIRE_TLS', () => {
  const base = { REQUIRE_TLS: 'true', TRUST_PROXY: 'true' };
  const database = 'postgres://service@db.example.test/hccgap';

  test('refuses to start on a plain connection, naming each', () => {
    const start = () =>
      loadConfig({ REQUIRE_TLS: 'true', DATABASE_URL: database, REDIS_URL: 'redis://cache.example.test' });
    expect(start).toThrow(/DATABASE_URL: [\s\S]*REDIS_URL: [\s\S]*TRUST_PROXY: /);
    expect(() => loadConfig({ ...base, DATABASE_URL: `${database}?sslmode=prefer` })).toThrow(/DATABASE_URL/);
    expect(() => loadConfig({ ...base, DATABASE_URL: `${database}?sslmode=disable` })).toThrow(/sslmode/);
  });

  test('starts where every connection is encrypted, or stays on the machine', () => {
    const served = {
      DATABASE_URL: `${database}?sslmode=verify-full`,
      REDIS_URL: 'rediss://cache.example.test',
    };
    expect(loadConfig({ ...base, ...served }).REQUIRE_TLS).toBe(true);
    expect(loadConfig(base).DATABASE_URL).toBeNull();
    expect(loadConfig({ DATABASE_URL: database }).REQUIRE_TLS).toBe(false);
  });
});
