import { expect, test } from 'vitest';
import {
  diskSpaceNow,
  fileDescriptorsNow,
  hostMemory,
  hostMemoryNow,
  memoryUse,
  processMemoryNow,
} from '../../../src/host/index.ts';
import { parseProcessMemory } from '../../../src/host/measure-now.ts';

const MIB = 1024 ** 2;

test('own memory is what is anonymous or shared memory; pages of files stand beside it', () => {
  const text = 'Name:\tqemu\nVmRSS:\t  300 kB\nRssAnon:\t  100 kB\nRssFile:\t  190 kB\nRssShmem:\t   10 kB\n';
  expect(parseProcessMemory(text)).toEqual({ ownBytes: 110 * 1024, fileBytes: 190 * 1024 });
});

test('the cheap figures agree with the exact ones', async () => {
  const exact = await memoryUse(process.pid);
  expect(Math.abs((processMemoryNow(process.pid)?.ownBytes ?? 0) - (exact?.privateBytes ?? 0))).toBeLessThan(
    48 * MIB,
  );
  expect(processMemoryNow(2 ** 30)).toBeUndefined();
  expect(hostMemoryNow().totalBytes).toBe((await hostMemory()).totalBytes);
});

test('disk and file descriptors', () => {
  const { totalBytes, freeBytes } = diskSpaceNow(import.meta.dirname);
  expect(totalBytes).toBeGreaterThan(freeBytes);
  const descriptors = fileDescriptorsNow();
  expect(descriptors?.total).toBeGreaterThan(descriptors?.used ?? 0);
  expect(descriptors?.used).toBeGreaterThan(3);
});
