import { sleep } from '../../src/base/index.ts';
import { hostMemory } from '../../src/host/index.ts';
import { timeCalls } from '../measure/call-times.ts';
import { idleCpuOf, memorySummary } from '../measure/idle-cost.ts';
import { processMemory } from '../measure/process-memory.ts';
import { summarize } from '../measure/statistics.ts';
import type { DensityStage } from '../result.ts';
import { type Rig, TEMPLATE } from '../rig.ts';
import { forkAll, forksNamed } from './fork-many.ts';

const NAME = 'bench-many';
/** So many the API makes in one call. */
const MOST_IN_A_CALL = 100;

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
  const answers = await make(rig, o.forks);
  await sleep(settledMs, signal);
  const pids = (await forksNamed(rig, NAME)).flatMap(({ pid }) => pid ?? []);
  const daemonPid = (await rig.client.daemon.status()).pid;
  const idleCpu = await idleCpuOf(pids, { daemon: daemonPid, overMs, signal });
  const memory = await Promise.all(pids.map(processMemory));
  const hostMemoryTakenBytes = before.availableBytes - (await hostMemory()).availableBytes;
  const daemon = await processMemory(daemonPid);
  const list = await timeCalls(() => rig.client.environments.list());
  await rig.removeForks();
  return {
    forks: pids.length,
    firstAnswer: summarize(answers),
    allAnsweredMs: Math.max(...answers),
    settledMs,
    memory,
    pss: memorySummary(memory, 'pssBytes'),
    privateDirty: memorySummary(memory, 'privateDirtyBytes'),
    idleCpu,
    daemon,
    hostMemoryTakenBytes,
    list,
  };
}

/** By as few calls as there can be, one after the other; ms from the first call to the first 200 of each. */
async function make(rig: Rig, forks: number): Promise<number[]> {
  const answers: number[] = [];
  const startMs = performance.now();
  for (let made = 0; made < forks; made += MOST_IN_A_CALL) {
    const count = Math.min(MOST_IN_A_CALL, forks - made);
    const calledMs = performance.now() - startMs;
    const name = made === 0 ? NAME : `${NAME}-after${made}`;
    const these = await forkAll(rig, { source: TEMPLATE, name, count });
    answers.push(...these.map((ms) => calledMs + ms));
  }
  return answers;
}
