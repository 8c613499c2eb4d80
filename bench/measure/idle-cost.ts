import { sleep } from '../../src/base/index.ts';
import { cpuTimeMs } from '../../src/host/index.ts';
import type { IdleCpu } from '../result.ts';
import type { ProcessMemory } from './process-memory.ts';
import { type Summary, summarize } from './statistics.ts';

/** What these processes use together while nobody asks them anything. */
export async function idleCpuOf(
  pids: readonly number[],
  overMs: number,
  signal: AbortSignal,
): Promise<IdleCpu> {
  const used = () => pids.reduce((sum, pid) => sum + (cpuTimeMs(pid) ?? 0), 0);
  const startMs = performance.now();
  const before = used();
  await sleep(overMs, signal);
  const allPercent = ((used() - before) / (performance.now() - startMs)) * 100;
  return { overMs, allPercent, perForkPercent: allPercent / pids.length };
}

/** One part of the memory of several processes, in bytes. */
export function memorySummary(memory: readonly ProcessMemory[], part: keyof ProcessMemory): Summary {
  return summarize(memory.map((one) => one[part]));
}
