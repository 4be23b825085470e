import path from 'node:path';
import { expect, test } from 'vitest';
import { loadReference } from '../../src/reference/load.ts';
import { loadReferenceOnUse } from '../../src/reference/load-on-use.ts';
import { MEDICARE_MODELS } from '../../src/reference/models.ts';

const root = path.resolve(import.meta.dirname, '../../hcc-mappings');

test('what is read on use is what is read at once', () => {
  const whole = loadReference(root);
  const onUse = loadReferenceOnUse(root);
  expect(Object.keys(onUse).sort()).toEqual(Object.keys(whole).sort());
  expect([...onUse.models.keys()]).toEqual([...whole.models.keys()]);
  expect(onUse.models.size).toBe(MEDICARE_MODELS.length);
  expect(onUse.models.get('cms-hcc-v28')).toBe(onUse.models.get('cms-hcc-v28'));
  expect(onUse.models.get('cms-hcc-v28')?.paymentYears).toEqual(
    whole.models.get('cms-hcc-v28')?.paymentYears,
  );
  expect(onUse.models.get('hhs-hcc-v08')).toBeUndefined();
  expect(onUse.payment).toEqual(whole.payment);
  expect(onUse.payment).toBe(onUse.payment);
});

test('a folder without packages is an error where a part is used', () => {
  const nowhere = loadReferenceOnUse(path.join(root, 'calendar'));
  expect(() => nowhere.payment).toThrow('package payment: manifest.json is missing');
});
