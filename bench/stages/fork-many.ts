import { poll } from '../../src/base/index.ts';
import { asBerthError, berthError } from '../../src/errors/index.ts';
import type { Environment } from '../../src/model/index.ts';
import type { Rig } from '../rig.ts';

const FORKS_TIMEOUT_MS = 300_000;
const LIST_INTERVAL_MS = 20;

/** Forks that were asked for in one call. */
export interface ManyForks {
  /** From the call to the first 200 of each that answered, in ms. */
  readonly answers: readonly number[];
  /** Why the others did not. */
  readonly errors: readonly string[];
}

/** One call for all of them; each is visited as soon as the addresses of all are known. */
export async function forkMany(
  rig: Rig,
  o: { readonly source: string; readonly name: string; readonly count: number },
): Promise<ManyForks> {
  const { client } = rig;
  const failed = new AbortController();
  const startMs = performance.now();
  const operation = await client.environments.fork(o);
  const finished = rig.finish(operation.id);
  finished.catch((error: unknown) => failed.abort(error));
  const signal = AbortSignal.any([rig.options.signal, failed.signal]);
  const forks = await poll(
    async () => {
      const known = (await forksNamed(rig, o.name)).filter(({ ports }) => ports.length > 0);
      return known.length >= o.count ? known : undefined;
    },
    {
      ...{ timeoutMs: FORKS_TIMEOUT_MS, intervalMs: LIST_INTERVAL_MS, signal },
      what: `the addresses of ${o.count} forks`,
    },
  );
  const visits = await Promise.allSettled(
    forks.map(async (fork) => (await rig.answered(fork, signal)) - startMs),
  );
  rig.options.signal.throwIfAborted();
  const [ended] = await Promise.allSettled([finished]);
  const outcomes = [...visits, ...(ended?.status === 'rejected' ? [ended] : [])];
  return {
    answers: visits.flatMap((visit) => (visit.status === 'fulfilled' ? [visit.value] : [])),
    errors: outcomes.flatMap((one) => (one.status === 'rejected' ? [asBerthError(one.reason).message] : [])),
  };
}

/** The same where all must answer; throws the first reason why one did not. */
export async function forkAll(rig: Rig, o: Parameters<typeof forkMany>[1]): Promise<readonly number[]> {
  const { answers, errors } = await forkMany(rig, o);
  if (errors[0] !== undefined) throw berthError('internal', `a fork did not answer: ${errors[0]}`);
  return answers;
}

/** Those that one call with this name made. */
export async function forksNamed(rig: Rig, name: string): Promise<Environment[]> {
  const all = await rig.client.environments.list();
  return all.filter((one) => one.name === name || one.name.startsWith(`${name}-`));
}
