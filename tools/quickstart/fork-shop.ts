import { poll } from '../../src/base/index.ts';
import type { Client } from '../../src/client/index.ts';
import type { Environment } from '../../src/model/index.ts';
import type { Answering } from './shop.ts';
import { shopUrl, visit } from './visit.ts';

const FORK_TIMEOUT_MS = 120_000;
const LIST_INTERVAL_MS = 25;

/**
 * Forks the shop and visits each fork as soon as its address is known, so that the time is the one from the call to the
 * first HTTP 200 and holds no waiting for anything else. `remember` is given their ids before any of them answers.
 */
export async function forkShop(
  client: Client,
  count: number,
  remember: (forks: readonly string[]) => Promise<void>,
): Promise<Answering[]> {
  const before = new Set((await client.environments.list()).map((environment) => environment.id));
  const startMs = performance.now();
  const operation = await client.environments.fork({ source: 'shop', count });
  const done = client.finishOperation(operation.id, { signal: AbortSignal.timeout(FORK_TIMEOUT_MS) });
  const failed = new AbortController();
  done.catch((error: unknown) => failed.abort(error));
  const visiting = new Map<string, Promise<Answering>>();
  await poll(
    async () => {
      for (const environment of await client.environments.list()) {
        const isNew =
          !before.has(environment.id) && environment.parent === 'shop' && environment.ports.length > 0;
        if (isNew && !visiting.has(environment.id))
          visiting.set(environment.id, answering(environment, startMs));
      }
      return visiting.size >= count ? true : undefined;
    },
    { timeoutMs: FORK_TIMEOUT_MS, intervalMs: LIST_INTERVAL_MS, signal: failed.signal, what: 'the forks' },
  );
  await remember([...visiting.keys()]);
  const [forks] = await Promise.all([Promise.all(visiting.values()), done]);
  const ready = forks.map(async (fork) => ({
    ...fork,
    environment: await client.environments.get(fork.environment.id),
  }));
  return (await Promise.all(ready)).sort((a, b) => a.environment.name.localeCompare(b.environment.name));
}

async function answering(environment: Environment, startMs: number): Promise<Answering> {
  const url = shopUrl(environment);
  const { visits, atMs } = await visit(url, FORK_TIMEOUT_MS);
  return { environment, url, visits, firstAnswerMs: atMs - startMs };
}
