import { sleep } from '../base/index.ts';
import { berthError } from '../errors/index.ts';
import { isAlive, type ProcessIdentity } from './process-identity.ts';

const FIRST_INTERVAL_MS = 2;
const LAST_INTERVAL_MS = 50;

/**
 * Waits until a process has ended (it may be a zombie still); it need not be a child of ours.
 * Returns false when `timeoutMs` passed first. Throws what `signal` was aborted with.
 */
export async function waitForExit(
  identity: ProcessIdentity,
  o: { timeoutMs: number; signal?: AbortSignal },
): Promise<boolean> {
  const deadline = performance.now() + o.timeoutMs;
  let intervalMs = FIRST_INTERVAL_MS;
  while (isAlive(identity)) {
    const leftMs = deadline - performance.now();
    if (leftMs <= 0) return false;
    await sleep(Math.min(intervalMs, leftMs), o.signal);
    intervalMs = Math.min(intervalMs * 2, LAST_INTERVAL_MS);
  }
  return true;
}

/**
 * Sends one signal (default `SIGTERM`) to exactly this process and waits for its end.
 * Returns true when it is gone, also when it was gone before; false when it still runs after `timeoutMs`.
 * May be called again, for example with `SIGKILL`.
 */
export async function terminate(
  identity: ProcessIdentity,
  o: { signal?: 'SIGTERM' | 'SIGKILL'; timeoutMs: number },
): Promise<boolean> {
  if (!isAlive(identity)) return true;
  try {
    process.kill(identity.pid, o.signal ?? 'SIGTERM');
  } catch (error) {
    if (!isAlive(identity)) return true;
    throw berthError('not-root', `not allowed to end process ${identity.pid}`, { cause: error });
  }
  return waitForExit(identity, { timeoutMs: o.timeoutMs });
}
