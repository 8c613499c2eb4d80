import { expect, test } from 'vitest';
import { growthIn } from '../../faults/rig/soak/growth.ts';
import type { SoakSample } from '../../faults/rig/soak/measure.ts';
import { soakPlot } from '../../faults/rig/soak/plot.ts';

const MIB = 1024 ** 2;

/** Forty samples in which one thing grows by so much with each. */
function samples(growing?: keyof SoakSample, by = 1): SoakSample[] {
  return Array.from({ length: 40 }, (_, index) => {
    const flat: SoakSample = {
      ...{
        cycles: index + 1,
        atMs: index * 1000,
        descriptors: 60,
        threads: 11,
        rssBytes: 150 * MIB,
        ownBytes: 80 * MIB,
      },
      ...{ files: 500, namespaces: 4, cgroups: 0, processes: 1, rows: 12, history: 900 },
    };
    return growing === undefined ? flat : { ...flat, [growing]: flat[growing] + by * index };
  });
}

test('what stays the same has not grown, and what moves a little has not either', () => {
  expect(growthIn(samples())).toEqual([]);
  expect(growthIn(samples('ownBytes', 0.1 * MIB))).toEqual([]);
});

test('whatever is left by every cycle is told', () => {
  for (const what of ['descriptors', 'files', 'namespaces', 'rows', 'processes'] as const)
    expect(growthIn(samples(what))).toEqual([expect.stringContaining(what)]);
  expect(growthIn(samples('ownBytes', MIB))).toEqual([expect.stringContaining('memory')]);
  expect(growthIn(samples('history', 100))).toEqual([expect.stringContaining('history')]);
});

test('the plot has a line for each', () => {
  expect(soakPlot('cycles', samples()).match(/<polyline/g)).toHaveLength(6);
});
