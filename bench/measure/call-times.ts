import { summarizeTail, type TailSummary } from './statistics.ts';

const WARM_UP = 50;
const CALLS = 500;

/** Makes a call over and over, one after the other; ms of each, without the first 50. */
export async function timeCalls(call: () => Promise<unknown>): Promise<TailSummary> {
  const samples: number[] = [];
  for (let index = 0; index < WARM_UP + CALLS; index++) {
    const startMs = performance.now();
    await call();
    if (index >= WARM_UP) samples.push(performance.now() - startMs);
  }
  return summarizeTail(samples);
}
