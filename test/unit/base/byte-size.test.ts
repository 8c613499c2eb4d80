import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatBytes, parseByteSize } from '../../../src/base/index.ts';

const GIB = 1024 ** 3;

test.each([
  [0, '0 B'],
  [512, '512 B'],
  [1023, '1023 B'],
  [1024, '1 KiB'],
  [1536, '1.5 KiB'],
  [12 * 1024 + 300, '12 KiB'],
  [230 * 1024 ** 2, '230 MiB'],
  [1.5 * GIB, '1.5 GiB'],
  [12.44 * GIB, '12.4 GiB'],
  [1024 ** 2 - 1, '1 MiB'],
  [-2048, '-2 KiB'],
])('formats %d bytes as %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test.each([
  ['4096', 4096],
  ['512MiB', 512 * 1024 ** 2],
  ['2G', 2 * GIB],
  ['1GiB', GIB],
  ['1.5gb', 1.5 * GIB],
  ['300m', 300 * 1024 ** 2],
  [' 12 k ', 12 * 1024],
  ['7b', 7],
])('reads %s', (text, bytes) => {
  expect(parseByteSize(text)).toBe(bytes);
});

test.each(['', 'GiB', '-1G', '1e9', '1,5G', '2 GiB of', '99999999P', '0x10'])('refuses %j', (text) => {
  expect(parseByteSize(text)).toBeUndefined();
});

test('what is formatted can be read again within the rounding', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 50 }), (bytes) => {
      const read = parseByteSize(formatBytes(bytes));
      expect(read).toBeDefined();
      expect(Math.abs((read ?? 0) - bytes)).toBeLessThanOrEqual(bytes * 0.06);
    }),
  );
});
