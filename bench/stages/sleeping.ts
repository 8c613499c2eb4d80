import { join } from 'node:path';
import { poll } from '../../src/base/index.ts';
import { asBerthError, berthError } from '../../src/errors/index.ts';
import { allocatedBytes, run } from '../../src/host/index.ts';
import type { Environment } from '../../src/model/index.ts';
import { firstByte } from '../measure/first-byte.ts';
import { processMemory } from '../measure/process-memory.ts';
import { type Rig, targetOf } from '../rig.ts';

const COMMAND_TIMEOUT_MS = 120_000;
const WAKE_TIMEOUT_MS = 60_000;
const STATE_INTERVAL_MS = 20;

export type Depth = 'frozen' | 'asleep';

/** @throws `bad-request` where this version of Berth cannot put an environment to sleep */
export async function assertCanSleep(root: string): Promise<void> {
  for (const command of ['sleep', 'wake']) {
    try {
      await run([join(root, 'berth'), command, '--help']);
    } catch (error) {
      throw berthError('bad-request', `there is no command \`berth ${command}\` to measure`, {
        remedy: 'Leave out the stages sleep and fleet.',
        cause: asBerthError(error),
      });
    }
  }
}

/** Puts an environment to sleep and waits until it says so. Ms of the command as it is typed. */
export async function putToSleep(rig: Rig, name: string, depth: Depth): Promise<number> {
  const { root, signal } = rig.options;
  const how = depth === 'frozen' ? ['--freeze'] : [];
  const startMs = performance.now();
  await run([join(root, 'berth'), 'sleep', name, ...how], { signal, timeoutMs: COMMAND_TIMEOUT_MS });
  const tookMs = performance.now() - startMs;
  await poll(async () => (stateOf(await rig.client.environments.get(name)) === depth ? true : undefined), {
    ...{ timeoutMs: COMMAND_TIMEOUT_MS, intervalMs: STATE_INTERVAL_MS, signal },
    what: `${name} to be ${depth}`,
  });
  return tookMs;
}

/** Ms of the sleep itself, as its operation tells; undefined where it is not noted as one. */
export async function sleepOperationMs(rig: Rig, name: string): Promise<number | undefined> {
  const operations = await rig.client.operations.list();
  const newest = operations
    .filter(({ kind, targets }) => String(kind) === 'sleep' && targets.includes(name))
    .toSorted((a, b) => a.createdAt.localeCompare(b.createdAt))
    .at(-1);
  if (newest?.endedAt === undefined) return undefined;
  return Date.parse(newest.endedAt) - Date.parse(newest.createdAt);
}

/** Connects to the shop of an environment that sleeps; ms until the first byte of its answer. */
export function wakeByConnect(rig: Rig, environment: Environment): Promise<number> {
  return firstByte(targetOf(environment), { timeoutMs: WAKE_TIMEOUT_MS, signal: rig.options.signal });
}

/** PSS of the machine of an environment; 0 where it has no process. */
export async function pssOf(rig: Rig, name: string): Promise<number> {
  const { pid } = await rig.client.environments.get(name);
  return pid === undefined ? 0 : (await processMemory(pid)).pssBytes;
}

/** What the files of machines and templates occupy in the rig's home. */
export async function storedBytes(rig: Rig): Promise<number> {
  const parts = ['environments', 'templates'].map((part) => allocatedBytes(join(rig.home, part)));
  return (await Promise.all(parts)).reduce((sum, bytes) => sum + bytes, 0);
}

/** The states of sleep are newer than some versions that this bench can be run with. */
function stateOf({ state }: Environment): string {
  return state;
}
