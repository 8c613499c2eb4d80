import { expect, test } from 'vitest';
import { coveredBytes, layersAbove } from '../../../../src/environments/plan/disk-extents.ts';

test('two chains differ in what lies above the first layer that both have', () => {
  expect(layersAbove(['top', 'b', 'a'], ['b', 'a'])).toBe(1);
  expect(layersAbove(['b', 'a'], ['top', 'b', 'a'])).toBe(0);
  expect(layersAbove(['d', 'c', 'a'], ['b', 'a'])).toBe(2);
  expect(layersAbove(['x', 'y'], ['a'])).toBe(2);
});

test('bytes that several extents cover count once', () => {
  expect(coveredBytes([])).toBe(0);
  const parts = [
    { offset: 100, length: 50 },
    { offset: 0, length: 10 },
    { offset: 120, length: 100 },
    { offset: 130, length: 10 },
  ];
  expect(coveredBytes(parts)).toBe(10 + 120);
});
