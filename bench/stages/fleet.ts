import { sleep } from '../../src/base/index.ts';
import { asBerthError } from '../../src/errors/index.ts';
import { hostMemory } from '../../src/host/index.ts';
import { idleCpuOf, memorySummary } from '../measure/idle-cost.ts';
import { processMemory } from '../measure/process-memory.ts';
import { summarize, summarizeTail } from '../measure/statistics.ts';
import type { FleetStage } from '../result.ts';
import { PARENT, type Rig, TEMPLATE } from '../rig.ts';
import { forkAll, forksNamed } from './fork-many.ts';
import { putToSleep, wakeByConnect } from './sleeping.ts';

const NAME = 'bench-fleet';
const MIB = 1024 ** 2;
/** So many are alive at once while the fleet is made. */
const BATCH = 20;
const SETTLED_MS = 5_000;

/** A fleet of idle shops, each frozen: what it costs, and whether all of them wake when somebody connects. */
export async function fleetStage(
  rig: Rig,
  o: { readonly fleet: number; readonly quick: boolean },
): Promise<FleetStage> {
  const { signal } = rig.options;
  await rig.removeForks();
  const before = await hostMemory();
  const freezes = await makeFrozen(rig, o.fleet);
  await sleep(SETTLED_MS, signal);
  const fleet = await forksNamed(rig, NAME);
  const pids = fleet.flatMap(({ pid }) => pid ?? []);
  const daemonPid = (await rig.client.daemon.status()).pid;
  const overMs = o.quick ? 3_000 : 10_000;
  const idleCpu = await idleCpuOf(pids, { daemon: daemonPid, overMs, signal });
  const memory = await Promise.all(pids.map(processMemory));
  const hostMemoryTakenBytes = before.availableBytes - (await hostMemory()).availableBytes;
  const daemon = await processMemory(daemonPid);
  const { wakes, errors } = await wakeAll(rig);
  const shapeBytes = (await rig.client.environments.get(PARENT)).shape.memoryMib * MIB;
  await rig.removeForks();
  return {
    forks: fleet.length,
    freeze: summarize(freezes),
    settledMs: SETTLED_MS,
    pss: memorySummary(memory, 'pssBytes'),
    privateDirty: memorySummary(memory, 'privateDirtyBytes'),
    ...{ idleCpu, daemon, hostMemoryTakenBytes, shapeBytes },
    wholeMachines: Math.floor(before.totalBytes / shapeBytes),
    wake: summarizeTail(wakes),
    errors: errors.length,
    ...(errors[0] === undefined ? {} : { firstError: errors[0] }),
  };
}

/** A batch is frozen before the next is made; ms of each freeze. */
async function makeFrozen(rig: Rig, fleet: number): Promise<number[]> {
  const freezes: number[] = [];
  for (let made = 0; made < fleet; made += BATCH) {
    const name = `${NAME}-after${made}`;
    await forkAll(rig, { source: TEMPLATE, name, count: Math.min(BATCH, fleet - made) });
    for (const fork of await forksNamed(rig, name)) freezes.push(await putToSleep(rig, fork.name, 'frozen'));
    rig.options.say(`  ${freezes.length} frozen`);
  }
  return freezes;
}

/** One after the other, each frozen again when it has answered: the fleet stays one of idle machines. */
async function wakeAll(rig: Rig): Promise<{ readonly wakes: number[]; readonly errors: string[] }> {
  const wakes: number[] = [];
  const errors: string[] = [];
  for (const fork of await forksNamed(rig, NAME)) {
    try {
      wakes.push(await wakeByConnect(rig, fork));
      await putToSleep(rig, fork.name, 'frozen');
    } catch (error) {
      rig.options.signal.throwIfAborted();
      errors.push(`${fork.name}: ${asBerthError(error).message}`);
    }
  }
  return { wakes, errors };
}
