import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { codeTable } from '../../src/engine/codes.ts';
import { hierarchyGraph } from '../../src/engine/hierarchies.ts';
import type { CompiledModel } from '../../src/engine/model.ts';
import { diffPackages, packageSide } from '../../src/reference/diff.ts';
import { listMappings, verifyMappings, verifyModel } from '../../src/reference/inventory.ts';
import { loadModel } from '../../src/reference/models.ts';
import { openPackage } from '../../src/reference/package.ts';
import { writePackage } from '../../src/reference/write-package.ts';

const root = path.resolve(import.meta.dirname, '../../hcc-mappings');
const work = mkdtempSync(path.join(tmpdir(), 'hccgap-diff-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const diff = (a: string, b: string) => diffPackages(packageSide(root, a), packageSide(root, b));

describe('diff of packages', () => {
  test('a package and itself do not differ', () => {
    const result = diff('cms-hcc-v28', 'cms-hcc-v28');
    expect(result.same).toBe(true);
    expect(result.text).toMatch(/\nno difference$/);
  });

  test('two payment years of a model: codes that came and went', () => {
    const result = diff('cms-hcc-v28@2025', 'cms-hcc-v28@2026');
    expect(result.codesAdded).toHaveLength(134);
    expect(result.codesRetired).toHaveLength(18);
    expect(result.codesMoved).toEqual([]);
    expect(result.coefficients).toEqual([]);
    expect(result.codesAdded[0]).toEqual({ code: 'C50.A0', hccs: ['23'] });
    expect(result.text).toContain('codes retired: 18\n  C83.39 HCC 20');
  });

  test('two calibrations of Part D: coefficients by plan type, segment and variable', () => {
    const result = diff('rxhcc-v08@2026', 'rxhcc-v08@2027');
    const moved = result.coefficients.find(({ name }) => name === 'pace CE_LTI RXHCC1');
    expect(moved?.from).not.toBe(moved?.to);
    expect(result.codesAdded).toEqual([]);
    // One set served MA-PD and PDP in 2026; in 2027 each has its own: moved, not gone and new.
    const named = new Map(result.coefficients.map(({ name, ...move }) => [name, move]));
    expect(named.get('mapd CE_LTI RXHCC5')).toEqual({ from: '0.323', to: '0.35' });
    expect(named.get('pdp CE_LTI RXHCC5')).toEqual({ from: '0.323', to: '0.191' });
    expect([...named.keys()].filter((name) => name.includes('|'))).toEqual([]);
    // A coder's list is whole: every row of a section, however many.
    const printed = result.text.split('\n').filter((line) => / -> /.test(line));
    expect(printed.length).toBeGreaterThanOrEqual(result.coefficients.length);
  });

  test('the move from HHS-HCC V07 to V08', () => {
    const result = diff('hhs-hcc-v07@2024', 'hhs-hcc-v08@2025');
    expect(result.codesAdded).toContainEqual({ code: 'D57.20', hccs: ['71'] });
    expect(result.labels.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['HHS_HCC070', 'HHS_HCC071', 'G07A']),
    );
    expect(result.tables).toContainEqual({ file: 'groups.csv', added: 0, removed: 4 });
  });

  test('two editions of one package, given by path', () => {
    const mapping = openPackage(root, 'eligibility');
    const { files, ...head } = mapping.manifest;
    writePackage(work, {
      ...head,
      version: 'invented',
      files: files.map(({ name }) => ({
        name,
        content: name === 'cpt-2026.csv' ? `${mapping.text(name)}ZZ999\n` : mapping.text(name),
      })),
    });
    const result = diff('eligibility', path.join(work, 'eligibility'));
    expect(result.tables).toEqual([{ file: 'cpt-2026.csv', added: 1, removed: 0 }]);
  });

  test('a year that the package lacks is an error', () => {
    expect(() => diff('cms-hcc-v28@2019', 'cms-hcc-v28')).toThrow(
      'package cms-hcc-v28 has no year 2019; it has 2024, 2025, 2026, 2027',
    );
  });
});

describe('list and verify', () => {
  test('every package of this repository is whole', () => {
    const verdict = verifyMappings(root);
    expect(verdict.packages.filter(({ ok }) => !ok)).toEqual([]);
    expect(verdict.ok).toBe(true);
    const listing = listMappings(root);
    expect(listing.packages.map(({ id }) => id)).toEqual(verdict.packages.map(({ id }) => id));
    expect(listing.text.split('\n')).toHaveLength(listing.packages.length + 1);
  });

  test('a changed file and a stray folder are found', () => {
    const copy = path.join(work, 'broken');
    mkdirSync(path.join(copy, 'stray'), { recursive: true });
    cpSync(path.join(root, 'payment'), path.join(copy, 'payment'), { recursive: true });
    writeFileSync(path.join(copy, 'payment/parameters.tsv'), 'payment_year\n2026\n');
    const verdict = verifyMappings(copy);
    expect(verdict.ok).toBe(false);
    expect(verdict.packages.map(({ id, ok }) => `${id} ${ok}`)).toEqual(['payment false', 'stray false']);
    expect(verdict.text).toContain('checksum of parameters.tsv');
  });

  test('a model that does not close: cycle, missing label, retired code', () => {
    const model = loadModel(root, 'cms-hcc-v28');
    const year = model.years.get(2026);
    if (!year) throw new Error('no 2026');
    const broken: CompiledModel = {
      ...model,
      labels: new Map([...model.labels].filter(([hcc]) => hcc !== '38')),
      hierarchy: hierarchyGraph([
        { hcc: '37', drops: '38' },
        { hcc: '38', drops: '37' },
      ]),
      years: new Map([[2026, { ...year, mapping: new Map([['E119', ['38']]]) }]]),
    };
    const verdict = verifyModel(broken, codeTable([]));
    expect(verdict.problems).toEqual([
      'hierarchy names HCC 38, which has no label',
      'HCC 37 drops itself',
      'HCC 38 drops itself',
      'HCC 38 is mapped, has coefficients and no label',
    ]);
    expect(verdict.notes).toEqual(['2026: 1 mapped codes are billable on no date of 2024 or 2025: E119']);
  });
});
