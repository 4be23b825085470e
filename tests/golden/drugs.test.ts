import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'csv-parse/sync';
import { describe, expect, test } from 'vitest';
import { normalizeNdc, resolveDrug } from '../../src/engine/suspects/drugs.ts';
import { loadDrugs } from '../../src/reference/drugs.ts';

const tables = loadDrugs(path.resolve(import.meta.dirname, '../../hcc-mappings'));
const cases: Record<string, string>[] = parse(
  readFileSync(path.resolve(import.meta.dirname, 'ndc-cases.csv')),
  { columns: true },
);

describe('NDC vectors', () => {
  test.each(cases.map((row) => [row.input ?? '', row] as const))('"%s"', (input, row) => {
    const reading = normalizeNdc(input);
    const refused = row.reason !== '' && row.reason !== 'product_only';
    expect(reading).toEqual(
      refused
        ? { ok: false, reason: row.reason }
        : { ok: true, ndc11: row.ndc11 === '' ? null : row.ndc11, ndc9: row.ndc9 },
    );
    const query = { codings: [{ system: 'ndc', code: input }], name: null, route: null };
    expect(resolveDrug(tables, query)).toEqual(
      refused
        ? { ok: false, reason: row.reason, route: null }
        : { ok: true, ingredients: row.ingredients?.split('|'), route: row.route, by: 'ndc' },
    );
  });
});

describe('drug resolution', () => {
  const byName = (name: string) => resolveDrug(tables, { codings: [], name, route: null });
  const ingredients = (name: string) => {
    const found = byName(name);
    return found.ok ? found.ingredients : found.reason;
  };

  test('an RxNorm ingredient code needs no other mapping', () => {
    const query = { codings: [{ system: 'rxnorm', code: '36437' }], name: null, route: 'PO' };
    expect(resolveDrug(tables, query)).toEqual({
      ok: true,
      ingredients: ['sertraline'],
      route: 'oral',
      by: 'rxnorm',
    });
  });

  test('two codings that name different ingredients are both set aside', () => {
    const codings = [
      { system: 'rxnorm', code: '36437' },
      { system: 'ndc', code: '0003-0893-21' },
    ];
    expect(resolveDrug(tables, { codings, name: null, route: null })).toEqual({
      ok: false,
      reason: 'codes_disagree',
      route: null,
    });
  });

  test('a drug outside the rules is not found, and that proves nothing', () => {
    const query = { codings: [{ system: 'rxnorm', code: '860975' }], name: null, route: null };
    expect(resolveDrug(tables, query)).toEqual({ ok: false, reason: 'not_found', route: null });
  });

  test('names: salts, synonyms, combinations', () => {
    expect(ingredients('Sertraline Hydrochloride')).toEqual(['sertraline']);
    expect(ingredients('Lithium Carbonate')).toEqual(['lithium']);
    expect(ingredients('dabigatran etexilate mesylate')).toEqual(['dabigatran etexilate']);
    expect(ingredients('dimethyl fumarate')).toEqual(['dimethyl fumarate']);
    expect(ingredients('glibenclamide')).toEqual(['glyburide']);
    expect(ingredients('buprenorphine / naloxone')).toEqual(['buprenorphine', 'naloxone']);
    expect(ingredients('sacubitril-valsartan')).toEqual(['sacubitril', 'valsartan']);
    expect(ingredients('interferon beta-1a')).toEqual(['interferon beta-1a']);
    expect(ingredients('peginterferon beta-1a')).toEqual(['peginterferon beta-1a']);
    expect(ingredients('  ')).toBe('not_found');
  });
});
