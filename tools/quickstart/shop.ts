import type { Client } from '../../src/client/index.ts';
import { asBerthError } from '../../src/errors/index.ts';
import type { Environment } from '../../src/model/index.ts';
import { shopUrl, visit } from './visit.ts';

/** An environment that answers. */
export interface Answering {
  readonly environment: Environment;
  readonly url: string;
  /** What its counter stood at in its first answer. */
  readonly visits: number;
  /** From the call that made it to the first HTTP 200, in ms. */
  readonly firstAnswerMs: number;
}

const SHOP_TIMEOUT_MS = 120_000;
const NAME = 'shop';

/** Removes an environment `shop` that a broken run left half-made; one that works, or may work, is left alone. */
export async function clearShop(client: Client): Promise<void> {
  const shop = await client.environments.get(NAME).catch((error: unknown) => {
    if (asBerthError(error).code === 'not-found') return undefined;
    throw error;
  });
  if (shop?.state !== 'failed') return;
  await client.finishOperation((await client.environments.remove(NAME)).id);
}

/** Waits until the shop answers. `startMs` is when it was asked for, by `performance.now()`. */
export async function visitShop(client: Client, startMs: number): Promise<Answering> {
  const environment = await client.environments.get(NAME);
  const url = shopUrl(environment);
  const { visits, atMs } = await visit(url, SHOP_TIMEOUT_MS);
  return { environment, url, visits, firstAnswerMs: atMs - startMs };
}
