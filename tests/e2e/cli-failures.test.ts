import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describePostgres, scratchDatabase } from '../integration/services.ts';

const root = path.resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(path.join(tmpdir(), 'hccgap-failures-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function hccgap(env: NodeJS.ProcessEnv, args: readonly string[], input = '') {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', 'src/cli/main.ts', ...args],
    { cwd: root, env: { ...process.env, REDIS_URL: '', DATA_DIR: folder, ...env }, encoding: 'utf8', input },
  );
  return { status, stdout, stderr };
}

describe('an unusable environment or option is said in words, with exit status 2', () => {
  test('a database that does not answer', () => {
    const ran = hccgap({ DATABASE_URL: 'postgres://who:hidden@127.0.0.1:1/none' }, ['migrate']);
    expect(ran.status).toBe(2);
    expect(ran.stderr).toBe(
      'no server answers at 127.0.0.1:1 (ECONNREFUSED); see DATABASE_URL and REDIS_URL\n',
    );
  });

  test('a number that is none', () => {
    const ran = hccgap({}, ['analyze', '--payment-year', 'soon'], '{}\n');
    expect(ran.status).toBe(2);
    expect(ran.stderr).toContain('--payment-year: want number, got string');
  });
});

describe('payment parameters of a file', () => {
  const override = {
    paymentYear: 2027,
    model: 'cms-hcc-v28',
    group: 'aged_disabled',
    parameter: 'normalization',
    value: 1.05,
    by: 'an actuary',
    on: '2026-11-23',
    why: 'a trial',
  };
  const member = { sex: 'F', age: 77, originalEntitlement: '0', dualStatus: '00' };
  const request = {
    id: 'a',
    model: 'cms-hcc-v28',
    paymentYear: 2027,
    member,
    diagnoses: ['E11.9', 'I50.32'],
  };
  const given = (content: string) => {
    const file = path.join(folder, 'parameters.json');
    writeFileSync(file, content);
    return (command: string, line: object = request, args: readonly string[] = []) =>
      hccgap({}, [command, ...args, '--parameters', file], `${JSON.stringify(line)}\n`);
  };

  test('count in scores and impacts, and each answer says who set them, when and why', () => {
    const run = given(JSON.stringify([override]));
    const scored = JSON.parse(run('score').stdout);
    expect(scored.payment).toMatchObject({ normalization: 1.05, score: 0.988 });
    const said =
      'normalization factor 1.050 in place of 1.079: overridden by an actuary on 2026-11-23: a trial';
    expect(scored.provenance.join()).toContain(said);
    const candidates = [{ id: 'g', diagnoses: ['N18.31'] }];
    const impact = JSON.parse(run('impact', { ...request, candidates }).stdout);
    expect(impact.baseline.payment).toBe(0.988);
    expect(impact.provenance.join()).toContain(said);
  });

  test('that are unusable are refused with place and reason, before a line is read', () => {
    const broken = given('[{"paymentYear": 2027,]')('score');
    expect(broken.status).toBe(2);
    expect(broken.stderr).toContain('character 23');
    const stray = given(JSON.stringify([override, { ...override, paymentYear: 2019 }]))('score');
    expect(stray.stderr).toContain(
      '/1: no payment parameters of cms-hcc-v28 for program ma, payment year 2019',
    );
    const anonymous = given(JSON.stringify([{ ...override, by: undefined, value: 1.05001 }]))('score');
    expect(anonymous.stderr).toMatch(
      /\/0\/by: [\s\S]*\/0\/value: has more than three decimals|\/0\/value: [\s\S]*\/0\/by: /,
    );
    expect(anonymous.stdout).toBe('');
  });
});

describePostgres('commands on a database', () => {
  const scratch = scratchDatabase();
  const env = () => ({ DATABASE_URL: scratch.url });
  beforeAll(() => {
    expect(hccgap(env(), ['keys', 'create', '-t', 'failures', '-r', 'submitter']).status).toBe(0);
  });

  test('serve on a port that is taken', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const ran = hccgap({ ...env(), PORT: String(port), LOG_LEVEL: 'silent' }, ['serve', '--no-worker']);
    server.close();
    expect(ran.stderr).toBe(
      `the API cannot listen on 127.0.0.1:${port}: something listens there already; see HOST and PORT\n`,
    );
    expect(ran.status).toBe(2);
  });

  test('submit refuses a date that is none, before anything is received', () => {
    for (const day of ['tomorrow', '2026-02-30', '23.11.2026']) {
      const ran = hccgap(env(), ['submit', '-t', 'failures', '--as-of', day, folder]);
      expect(ran.status).toBe(2);
      expect(ran.stderr).toContain('--as-of: not a calendar date');
    }
  });

  test('submit names refused records by place and rule, and quotes nothing of them', () => {
    const file = path.join(folder, 'members.csv');
    writeFileSync(
      file,
      'member_id,birth_date,sex\nINVENTED-1,1950-02-13,F\nINVENTED-2,13/02/1950,F\nINVENTED-3,1950-02-13,Q\n',
    );
    const ran = hccgap(env(), ['submit', '-t', 'failures', '--as-of', '2026-11-23', file]);
    const { batchId, ...report } = JSON.parse(ran.stdout) as Record<string, unknown>;
    expect(report).toMatchObject({ state: 'completed', received: 3, accepted: 1, rejected: 2 });
    expect(report.remarks).toEqual({ bad_code: 1, bad_date: 1 });
    expect(ran.stderr).toContain('  members.csv row 3 birth_date: bad_date\n');
    expect(ran.stderr).toContain('  members.csv row 4 sex: bad_code\n');
    expect(ran.stderr).toContain(`GET /v1/batches/${String(batchId)}/rejects`);
    expect(ran.stderr).not.toMatch(/INVENTED|13\/02/);
    expect(ran.status).toBe(1);
  });

  test('submit says why nothing of a file could be taken', () => {
    const file = path.join(folder, 'words.txt');
    writeFileSync(file, 'only words\n');
    const ran = hccgap(env(), ['submit', '-t', 'failures', file]);
    expect(ran.status).toBe(2);
    expect(ran.stderr).toContain('words.txt: format_unknown: the content is none of');
  });
});
