import { expect, test } from 'vitest';
import { RecentMap } from '../../src/intake/recent-map.ts';

test('the entries used last are kept, and an entry that is used again does not grow old', () => {
  const map = new RecentMap<number, number>(100);
  map.set(-1, 7);
  for (let key = 0; key < 10_000; key += 1) {
    map.set(key, key);
    expect(map.get(-1)).toBe(7);
    for (let back = 0; back <= 20 && key - back >= 0; back += 10)
      expect(map.get(key - back)).toBe(key - back);
  }
  expect(map.get(0)).toBeUndefined();
  expect(map.get(9_000)).toBeUndefined();
});
