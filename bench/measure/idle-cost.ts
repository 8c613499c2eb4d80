import { sleep } from '../../src/base/index.ts';
import { cpuTimeMs } from '../../src/host/index.ts';
import type { IdleCpu } from '../result.ts';
import type { ProcessMemory } from './process-memory.ts';
import { type Summary, summarize } from './statistics.ts';

/** What these machines use together, and their daemon, while nobody asks them anything. */
export async function idleCpuOf(
  pids: readonly number[],
  o: { readonly daemon: number; readonly overMs: number; readonly signal: AbortSignal },
): Promise<IdleCpu> {
  const used = (of: readonly number[]) => of.reduce((sum, pid) => sum + (cpuTimeMs(pid) ?? 0), 0);
  const startMs = performance.now();
  const before = { all: used(pids), daemon: used([o.daemon]) };
  await sleep(o.overMs, o.signal);
  const elapsedMs = performance.now() - startMs;
  const allPercent = ((used(pids) - before.all) / elapsedMs) * 100;
  const daemonPercent = ((used([o.daemon]) - before.daemon) / elapsedMs) * 100;
  return { overMs: o.overMs, allPercent, perForkPercent: allPercent / pids.length, daemonPercent };
}

/** One part of the memory of several processes, in bytes. */
export function memorySummary(memory: readonly ProcessMemory[], part: keyof ProcessMemory): Summary {
  return summarize(memory.map((one) => one[part]));
}
