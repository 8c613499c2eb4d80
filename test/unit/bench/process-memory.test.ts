import { expect, test } from 'vitest';
import { parseSmapsRollup, processMemory } from '../../../bench/measure/process-memory.ts';

const TEXT = `55d0-7ffd ---p 00000000 00:00 0                          [rollup]
Rss:              100000 kB
Pss:               60000 kB
Pss_Dirty:         50000 kB
Pss_Anon:          48000 kB
Pss_File:          12000 kB
Private_Clean:      1000 kB
Private_Dirty:     47000 kB
`;

test('reads the sums of a process, in bytes', () => {
  expect(parseSmapsRollup(TEXT)).toEqual({
    rssBytes: 100_000 * 1024,
    pssBytes: 60_000 * 1024,
    privateDirtyBytes: 47_000 * 1024,
    pssAnonymousBytes: 48_000 * 1024,
    pssFileBytes: 12_000 * 1024,
  });
});

test('a process that has ended is an error and not a zero', async () => {
  await expect(processMemory(2 ** 22 + 1)).rejects.toThrow(/has ended/);
});
