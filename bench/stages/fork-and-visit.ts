import { poll } from '../../src/base/index.ts';
import { berthError } from '../../src/errors/index.ts';
import type { ForkReport } from '../../src/model/index.ts';
import type { Rig } from '../rig.ts';

const ADDRESS_TIMEOUT_MS = 120_000;
const ADDRESS_INTERVAL_MS = 2;

/** Moments of one fork, in ms from the call. */
export interface ForkSample {
  /** When the API told where it will answer. */
  readonly addressKnownMs: number;
  readonly firstAnswerMs: number;
  /** When the operation had ended. */
  readonly finishedMs: number;
  /** What the daemon says of it. */
  readonly report: ForkReport;
}

/** Calls for a fork and visits it as soon as its address is known, without waiting for the end of the operation. */
export async function forkAndVisit(rig: Rig, source: string, name: string): Promise<ForkSample> {
  const { client } = rig;
  const failed = new AbortController();
  const startMs = performance.now();
  const operation = await client.environments.fork({ source, name });
  const finished = rig.finish(operation.id);
  finished.catch((error: unknown) => failed.abort(error));
  const signal = AbortSignal.any([rig.options.signal, failed.signal]);
  const environment = await poll(
    async () => (await client.environments.list()).find((one) => one.name === name && one.ports.length > 0),
    {
      timeoutMs: ADDRESS_TIMEOUT_MS,
      intervalMs: ADDRESS_INTERVAL_MS,
      signal,
      what: `the address of ${name}`,
    },
  );
  const addressKnownMs = performance.now() - startMs;
  const firstAnswerMs = (await rig.answered(environment, signal)) - startMs;
  const finishedMs = (await finished) - startMs;
  const { fork: report } = await client.environments.get(name);
  if (report === undefined) throw berthError('internal', `${name} has no report of its fork`);
  return { addressKnownMs, firstAnswerMs, finishedMs, report };
}
