import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type IncomingFile, SpoolLimitError, shownName, spoolFiles } from '../../src/intake/spool.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'hccgap-spool-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

async function* content(...parts: string[]) {
  for (const part of parts) yield Buffer.from(part);
}
async function* files(...list: [string, ...string[]][]): AsyncGenerator<IncomingFile> {
  for (const [name, ...parts] of list) yield { name, content: content(...parts) };
}

test('files are written whole, by number, and hashed', async () => {
  const folder = path.join(root, 'b1');
  const spooled = await spoolFiles(folder, files(['a.csv', 'x', 'y'], ['b.csv', 'z']), 100);
  expect(spooled.bytes).toBe(3);
  expect(spooled.files.map(({ name, path: place, bytes }) => [name, place, bytes])).toEqual([
    ['a.csv', '0001', 2],
    ['b.csv', '0002', 1],
  ]);
  expect(readFileSync(path.join(folder, '0001'), 'utf8')).toBe('xy');
});

test('the same contents give the same hash in any order and under any name', async () => {
  const one = await spoolFiles(path.join(root, '1'), files(['a', 'x'], ['b', 'y']), 100);
  const two = await spoolFiles(path.join(root, '2'), files(['c', 'y'], ['d', 'x']), 100);
  const other = await spoolFiles(path.join(root, '3'), files(['c', 'y'], ['d', 'z']), 100);
  expect(one.sha256).toBe(two.sha256);
  expect(other.sha256).not.toBe(one.sha256);
});

test('over the limit nothing is left behind', async () => {
  const folder = path.join(root, 'b');
  await expect(spoolFiles(folder, files(['a', 'xxxx', 'yyyy']), 5)).rejects.toThrow(SpoolLimitError);
  expect(existsSync(folder)).toBe(false);
  expect(readdirSync(root)).toEqual([]);
});

test('a name is shown without folders and control characters', () => {
  expect(shownName('../../etc/passwd', 0)).toBe('passwd');
  expect(shownName('C:\\plan\\members.csv', 0)).toBe('members.csv');
  expect(shownName('a\u0000\nb.csv', 0)).toBe('ab.csv');
  expect(shownName('', 4)).toBe('file-5');
});
