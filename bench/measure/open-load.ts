import { get } from 'node:http';
import { sleep } from '../../src/base/index.ts';

/** One request of an open load. */
export interface LoadSample {
  /** When it was due, in ms since the load began. */
  readonly dueMs: number;
  /** From when it was due to its whole answer, in ms; absent when there was no good one. */
  readonly tookMs?: number;
}

const TICK_MS = 10;
const ANSWER_TIMEOUT_MS = 60_000;

/**
 * Sends requests at a rate whatever becomes of those before, each over a connection of its own, so that a server that falls behind
 * cannot hide it. Gives all, in the order in which they were due, when the last one has ended.
 */
export async function openLoad(
  url: string,
  o: { readonly perSecond: number; readonly forMs: number; readonly signal: AbortSignal },
): Promise<readonly LoadSample[]> {
  const beganMs = performance.now();
  const asked: Promise<LoadSample>[] = [];
  const total = Math.round((o.perSecond * o.forMs) / 1000);
  while (asked.length < total) {
    const due = Math.min(total, Math.floor(((performance.now() - beganMs) * o.perSecond) / 1000) + 1);
    while (asked.length < due) asked.push(ask(url, beganMs, (asked.length * 1000) / o.perSecond));
    await sleep(TICK_MS, o.signal);
  }
  return Promise.all(asked);
}

async function ask(url: string, beganMs: number, dueMs: number): Promise<LoadSample> {
  const isGood = await new Promise<boolean>((resolve) => {
    const request = get(url, { agent: false, timeout: ANSWER_TIMEOUT_MS }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode === 200));
      response.once('close', () => resolve(false));
    });
    request.once('timeout', () => request.destroy());
    request.once('error', () => resolve(false));
  });
  return isGood ? { dueMs, tookMs: performance.now() - beganMs - dueMs } : { dueMs };
}
