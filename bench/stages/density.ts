import { sleep } from '../../src/base/index.ts';
import { poll } from '../../src/base/index.ts';
import { cpuTimeMs, hostMemory } from '../../src/host/index.ts';
import type { Environment } from '../../src/model/index.ts';
import { type ProcessMemory, processMemory } from '../measure/process-memory.ts';
import { percentile, summarize } from '../measure/statistics.ts';
import type { DensityStage } from '../result.ts';
import { type Rig, TEMPLATE } from '../rig.ts';

const PREFIX = 'bench-many';
const FORKS_TIMEOUT_MS = 300_000;
const LIST_INTERVAL_MS = 20;
const LIST_WARM_UP = 50;
const LIST_CALLS = 500;

/** Many forks alive at once: how soon they answer, what they cost while nobody asks them anything, and the API with them. */
export async function densityStage(
  rig: Rig,
  o: { readonly forks: number; readonly quick: boolean },
): Promise<DensityStage> {
  const settledMs = o.quick ? 3_000 : 20_000;
  const overMs = o.quick ? 3_000 : 10_000;
  const { signal } = rig.options;
  await rig.removeForks();
  const before = await hostMemory();
  const answers = await forkMany(rig, o.forks);
  await sleep(settledMs, signal);
  const pids = (await forksOf(rig)).flatMap(({ pid }) => pid ?? []);
  const idleCpu = await idleCpuOf(pids, overMs, signal);
  const memory = await Promise.all(pids.map(processMemory));
  const hostMemoryTakenBytes = before.availableBytes - (await hostMemory()).availableBytes;
  const daemon = await processMemory((await rig.client.daemon.status()).pid);
  const list = await listLatency(rig);
  await rig.removeForks();
  return {
    forks: pids.length,
    firstAnswer: summarize(answers),
    allAnsweredMs: Math.max(...answers),
    settledMs,
    memory,
    pss: summaryOf(memory, 'pssBytes'),
    privateDirty: summaryOf(memory, 'privateDirtyBytes'),
    idleCpu,
    daemon,
    hostMemoryTakenBytes,
    list,
  };
}

/** One call for all of them; each is visited as soon as its address is known. Ms from the call to each first 200. */
async function forkMany(rig: Rig, count: number): Promise<number[]> {
  const { client } = rig;
  const failed = new AbortController();
  const startMs = performance.now();
  const operation = await client.environments.fork({ source: TEMPLATE, name: PREFIX, count });
  const finished = rig.finish(operation.id);
  finished.catch((error: unknown) => failed.abort(error));
  const signal = AbortSignal.any([rig.options.signal, failed.signal]);
  const forks = await poll(
    async () => {
      const known = (await forksOf(rig)).filter(({ ports }) => ports.length > 0);
      return known.length >= count ? known : undefined;
    },
    {
      timeoutMs: FORKS_TIMEOUT_MS,
      intervalMs: LIST_INTERVAL_MS,
      signal,
      what: `the addresses of ${count} forks`,
    },
  );
  const answers = await Promise.all(forks.map(async (fork) => (await rig.answered(fork, signal)) - startMs));
  await finished;
  return answers;
}

async function forksOf(rig: Rig): Promise<Environment[]> {
  return (await rig.client.environments.list()).filter(
    ({ name }) => name.startsWith(`${PREFIX}-`) || name === PREFIX,
  );
}

async function idleCpuOf(
  pids: readonly number[],
  overMs: number,
  signal: AbortSignal,
): Promise<DensityStage['idleCpu']> {
  const used = () => pids.reduce((sum, pid) => sum + (cpuTimeMs(pid) ?? 0), 0);
  const startMs = performance.now();
  const before = used();
  await sleep(overMs, signal);
  const allPercent = ((used() - before) / (performance.now() - startMs)) * 100;
  return { overMs, allPercent, perForkPercent: allPercent / pids.length };
}

async function listLatency(rig: Rig): Promise<DensityStage['list']> {
  const samples: number[] = [];
  for (let call = 0; call < LIST_WARM_UP + LIST_CALLS; call++) {
    const startMs = performance.now();
    await rig.client.environments.list();
    if (call >= LIST_WARM_UP) samples.push(performance.now() - startMs);
  }
  return { ...summarize(samples), p99: percentile(samples, 99) };
}

function summaryOf(memory: readonly ProcessMemory[], key: keyof ProcessMemory) {
  return summarize(memory.map((one) => one[key]));
}
