import { expect, test } from 'vitest';
import { checkFits } from '../../../src/placement/index.ts';

const GIB = 1024 ** 3;
const host = { cpus: 2, memoryTotalBytes: 24 * GIB, diskFreeBytes: 50 * GIB };
const shape = { vcpus: 1, memoryMib: 512, diskGib: 8 };

test('a machine that fits has no problems, to the last byte', () => {
  expect(checkFits(shape, host)).toEqual([]);
  expect(checkFits({ vcpus: 2, memoryMib: 24 * 1024, diskGib: 8 }, host)).toEqual([]);
});

test('memory beyond the host', () => {
  expect(checkFits({ ...shape, memoryMib: 25 * 1024 }, host)).toEqual([
    { path: 'memory', message: '25 GiB are more than the 24 GiB of this host' },
  ]);
});

test('a disk grows as it is written: only a full host is a problem', () => {
  expect(checkFits({ ...shape, diskGib: 500 }, host)).toEqual([]);
  expect(checkFits(shape, { ...host, diskFreeBytes: 1024 ** 2 })).toEqual([
    { path: 'disk', message: 'only 1 MiB are free where disks are kept' },
  ]);
});

test('reports all problems at once', () => {
  const paths = checkFits({ vcpus: 8, memoryMib: 100 * 1024, diskGib: 8 }, { ...host, diskFreeBytes: 0 }).map(
    ({ path }) => path,
  );
  expect(paths).toEqual(['cpus', 'memory', 'disk']);
});
