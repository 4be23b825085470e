import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { Writable } from 'node:stream';
import { expect, test, vi } from 'vitest';
import { describePostgres } from '../integration/services.ts';
import { storedApp } from './support/stored.ts';

/** Writes into spools fail as on a full disk, or beyond a quota, once this is set. */
const disk = vi.hoisted((): { full: string | null } => ({ full: null }));

vi.mock(import('node:fs'), async (original) => {
  const fs = await original();
  const createWriteStream: typeof fs.createWriteStream = (place, options) => {
    const code = disk.full;
    if (code === null || !String(place).includes('.partial')) return fs.createWriteStream(place, options);
    const stream = new Writable({
      write(_chunk, _encoding, done) {
        done(Object.assign(new Error(`${code}: write ${String(place)}`), { code, syscall: 'write' }));
      },
    });
    // The spool needs of it what any stream for writing has.
    return stream as ReturnType<typeof fs.createWriteStream>;
  };
  return { ...fs, default: { ...fs, createWriteStream }, createWriteStream };
});

describePostgres('a full disk', () => {
  const stored = storedApp();

  test.each(['ENOSPC', 'EDQUOT'])(
    '%s while an extract comes in is 507, and nothing is left of it',
    async (code) => {
      const tenantId = await stored.scratch.tenant();
      const key = await stored.key(tenantId, 'submitter');
      const send = () =>
        stored.call(key, {
          method: 'POST',
          url: '/v1/batches',
          headers: { 'content-type': 'application/octet-stream' },
          payload: 'member_id,birth_date,sex\nM-1,1950-01-01,F\n',
        });
      disk.full = code;
      const answer = await send();
      disk.full = null;
      expect(answer.statusCode).toBe(507);
      expect(answer.headers['content-type']).toContain('application/problem+json');
      expect(answer.json()).toMatchObject({ type: '/problems/insufficient-storage', status: 507 });
      expect(answer.body).not.toContain(stored.spoolDir);
      const folder = path.join(stored.spoolDir, tenantId);
      expect(existsSync(folder) ? readdirSync(folder) : []).toEqual([]);
      const { rows } = await stored.scratch.admin.query(
        'select count(*)::int as n from batches where tenant_id = $1',
        [tenantId],
      );
      expect(rows[0].n).toBe(0);
      expect((await send()).statusCode).toBe(202);
    },
  );
});
