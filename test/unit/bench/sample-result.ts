import { summarize } from '../../../bench/measure/statistics.ts';
import type { BenchResult, ContestantResult, Measured } from '../../../bench/result.ts';

const MIB = 1024 ** 2;

/** A result with these medians, in ms and MiB. */
export function sampleResult(o: { fork: number; podman: number; cold: number; pssMib: number }): BenchResult {
  const memory = Array.from({ length: 20 }, () => ({
    rssBytes: 2 * o.pssMib * MIB,
    pssBytes: o.pssMib * MIB,
    privateDirtyBytes: 50 * MIB,
    pssAnonymousBytes: 50 * MIB,
    pssFileBytes: (o.pssMib - 50) * MIB,
  }));
  const contestants = {
    'fork-template': { ...contestant(o.fork), steps: { disk: 3, restore: 100, identity: 150 } },
    podman: contestant(o.podman),
    'cold-boot': contestant(o.cold),
  };
  return {
    version: 1,
    fork: measured({ path: '/peek', runs: 3, contestants }),
    density: measured({
      forks: 20,
      firstAnswer: summarize([400, 4000]),
      allAnsweredMs: 4000,
      settledMs: 20_000,
      memory,
      pss: summarize(memory.map(({ pssBytes }) => pssBytes)),
      privateDirty: summarize(memory.map(({ privateDirtyBytes }) => privateDirtyBytes)),
      idleCpu: { overMs: 10_000, allPercent: 40, perForkPercent: 2 },
      daemon: {
        rssBytes: 120 * MIB,
        pssBytes: 110 * MIB,
        privateDirtyBytes: 90 * MIB,
        pssAnonymousBytes: 0,
        pssFileBytes: 0,
      },
      hostMemoryTakenBytes: 20 * 60 * MIB,
      list: { ...summarize([1, 2, 3]), p99: 3 },
    }),
  };
}

function contestant(p50: number): ContestantResult {
  const samples = [p50, p50, p50];
  return { firstAnswerSamples: samples, firstAnswer: summarize(samples), finished: summarize(samples) };
}

/** As of a full run. */
export function measured<Figures>(figures: Figures): Measured<Figures> {
  const machine = {
    ...{
      cpu: 'Test <CPU> & more',
      cores: 2,
      memoryBytes: 24 * 1024 * MIB,
      os: 'Debian',
      kernel: '6.12',
      virtual: true,
    },
    ...{
      node: '24.0.0',
      qemu: '10.0.2',
      accelerator: 'tcg',
      podman: '4.3.1',
      commit: 'abc',
      loadBefore: 0.1,
    },
  };
  return { at: '2030-01-01T00:00:00.000Z', machine, quick: false, figures };
}
