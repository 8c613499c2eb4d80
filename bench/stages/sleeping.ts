import { berthError } from '../../src/errors/index.ts';
import type { Environment } from '../../src/model/index.ts';
import { firstByte } from '../measure/first-byte.ts';
import { processMemory } from '../measure/process-memory.ts';
import { type Rig, targetOf } from '../rig.ts';

const WAKE_TIMEOUT_MS = 60_000;

export type Depth = 'frozen' | 'asleep';

/** Puts an environment to sleep; ms from the call to the end of the operation. */
export async function putToSleep(rig: Rig, name: string, depth: Depth): Promise<number> {
  const startMs = performance.now();
  const operation = await rig.client.environments.sleep(name, { freeze: depth === 'frozen' });
  const tookMs = (await rig.finish(operation.id)) - startMs;
  const { state } = await rig.client.environments.get(name);
  if (state !== depth) throw berthError('internal', `${name} is ${state} and not ${depth}`);
  return tookMs;
}

/** Connects to the shop of an environment that sleeps; ms until the first byte of its answer. */
export function wakeByConnect(rig: Rig, environment: Environment): Promise<number> {
  return firstByte(targetOf(environment), { timeoutMs: WAKE_TIMEOUT_MS, signal: rig.options.signal });
}

/** PSS of the machine of an environment; 0 where it has no process. */
export async function pssOf({ pid }: Environment): Promise<number> {
  return pid === undefined ? 0 : (await processMemory(pid)).pssBytes;
}
