import { expect, test } from 'vitest';
import { cpuTimeMs, hostMemory, memoryUse, wantedTimesMs } from '../../../src/host/index.ts';
import { parseMemoryUse } from '../../../src/host/memory-use.ts';
import { parseSchedStat } from '../../../src/host/thread-times.ts';

test('adds up a smaps_rollup file', () => {
  const text = `55d0-7ffd ---p 00000000 00:00 0    [rollup]
Rss:                 100 kB
Pss:                  60 kB
Pss_Dirty:            50 kB
Shared_Clean:         30 kB
Shared_Dirty:         10 kB
Private_Clean:        20 kB
Private_Dirty:        40 kB
Swap:                  8 kB
SwapPss:               4 kB
`;
  expect(parseMemoryUse(text)).toEqual({
    rssBytes: 100 * 1024,
    pssBytes: 60 * 1024,
    privateBytes: 40 * 1024,
    sharedBytes: 60 * 1024,
    swapBytes: 8 * 1024,
  });
});

test('measures this process', async () => {
  const use = await memoryUse(process.pid);
  expect(use?.rssBytes).toBeGreaterThan(10 * 1024 * 1024);
  expect(use?.pssBytes).toBeLessThanOrEqual(use?.rssBytes ?? 0);
  expect(use?.privateBytes).toBeGreaterThan(0);
  const own = (process.cpuUsage().user + process.cpuUsage().system) / 1000;
  // /proc counts in ticks of 10 ms, and time went by between the two readings.
  expect(cpuTimeMs(process.pid)).toBeGreaterThan(own / 2);
  expect(cpuTimeMs(process.pid)).toBeLessThan(own + 2_000);
});

test('a process that is not there has no figures', async () => {
  expect(await memoryUse(2 ** 30)).toBeUndefined();
  expect(cpuTimeMs(2 ** 30)).toBeUndefined();
});

test('knows what each thread had of a CPU, and waited for', () => {
  const times = wantedTimesMs(process.pid);
  expect(times?.get(process.pid)).toBeGreaterThan(0);
  expect(times?.size).toBeGreaterThan(1);
  expect(wantedTimesMs(2 ** 30)).toBeUndefined();
  expect(parseSchedStat('1500000 500000 3\n')).toBe(2);
  expect([parseSchedStat(''), parseSchedStat('x y z')]).toEqual([undefined, undefined]);
});

test('measures the host', async () => {
  const { totalBytes, availableBytes } = await hostMemory();
  expect(availableBytes).toBeGreaterThan(0);
  expect(totalBytes).toBeGreaterThan(availableBytes);
});
