import { expect, test } from 'vitest';
import { parseDuration } from '../../../src/base/parse-duration.ts';

test.each([
  ['500ms', 500],
  ['30s', 30_000],
  ['2m', 120_000],
  ['2min', 120_000],
  ['1h', 3_600_000],
  ['1m30s', 90_000],
  ['1.5s', 1500],
  ['90', 90_000],
  ['0', 0],
] as const)('%s is %d ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each(['', 'soon', '-5s', '5w', '5 s', 's', '1e3'])('%j is no duration', (text) => {
  expect(parseDuration(text)).toBeUndefined();
});
