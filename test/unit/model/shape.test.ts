import { expect, test } from 'vitest';
import { formatShape, parseShape } from '../../../src/model/index.ts';

test.each([
  ['2x1GiB', { vcpus: 2, memoryMib: 1024 }],
  ['1x512MiB', { vcpus: 1, memoryMib: 512 }],
  ['16x64G', { vcpus: 16, memoryMib: 65_536 }],
])('%s is a shape, and is written so', (text, shape) => {
  expect(parseShape(text)).toEqual(shape);
  expect(parseShape(formatShape(shape))).toEqual(shape);
});

test.each(['', '2', '2x', 'x1GiB', '0x1GiB', '2x0', '2x1', '2x1GiBx3', '-1x1GiB', '1.5x1GiB', '2x1.0001MiB'])(
  '"%s" is none',
  (text) => {
    expect(parseShape(text)).toBeUndefined();
  },
);
