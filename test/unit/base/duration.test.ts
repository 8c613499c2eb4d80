import { expect, test } from 'vitest';
import { formatDuration } from '../../../src/base/index.ts';

test.each([
  [0, '0 ms'],
  [85, '85 ms'],
  [999.4, '999 ms'],
  [999.6, '1.0 s'],
  [1240, '1.2 s'],
  [59_949, '59.9 s'],
  [59_960, '1 min 00 s'],
  [125_000, '2 min 05 s'],
  [3_599_700, '1 h 00 min'],
  [3_720_000, '1 h 02 min'],
  [-85, '-85 ms'],
])('formats %d ms as %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});
