import { join } from 'node:path';
import { parseDuration } from '../base/index.ts';
import { asBerthError, berthError } from '../errors/index.ts';
import type { Context } from '../environments/index.ts';
import { type CopyableStore, StoreBackups } from '../store/index.ts';

const DEFAULT_EVERY_MS = 15 * 60_000;
const LOOK_INTERVAL_MS = 2_000;
/** So soon after an environment was made or removed there is a copy that knows. */
const SETTLE_MS = 5_000;

/** Where copies of the store are kept. */
export function storeBackupsOf(home: string): StoreBackups {
  return new StoreBackups(join(home, 'backups', 'store'));
}

/** `BERTH_STORE_BACKUP_EVERY`, such as `5m`. @throws `bad-request` */
export function storeBackupInterval(env: Readonly<Record<string, string | undefined>>): number {
  const text = env['BERTH_STORE_BACKUP_EVERY'];
  if (text === undefined || text === '') return DEFAULT_EVERY_MS;
  const everyMs = parseDuration(text);
  if (everyMs !== undefined && everyMs >= 1_000) return everyMs;
  throw berthError(
    'bad-request',
    `BERTH_STORE_BACKUP_EVERY is "${text}"; it is a duration of 1s or more, such as 5m`,
  );
}

/** Copies the store when the daemon starts, soon after an environment came or went, and again and again as long as something is written. */
export function keepStoreBackups(
  { registry, events, log }: Pick<Context, 'registry' | 'events' | 'log'>,
  store: CopyableStore,
  backups: StoreBackups,
): AsyncDisposable {
  const everyMs = storeBackupInterval(process.env);
  const namesNow = () =>
    registry
      .list()
      .map(({ id }) => id)
      .join();
  let copied = { revision: -1, atMs: Number.NEGATIVE_INFINITY, names: '' };
  let changedAtMs: number | undefined;
  let complained = false;
  const copy = async () => {
    const revision = store.revision();
    const names = namesNow();
    const atMs = performance.now();
    try {
      await store.copyTo(backups);
      complained = false;
    } catch (error) {
      log.warn({ err: error }, 'the store could not be copied');
      if (!complained) events.append('host.store-not-copied', 'host', asBerthError(error).message);
      complained = true;
    }
    changedAtMs = undefined;
    copied = { revision, atMs, names };
  };
  const look = async () => {
    const nowMs = performance.now();
    if (namesNow() !== copied.names) changedAtMs ??= nowMs;
    const isSettled = changedAtMs !== undefined && nowMs - changedAtMs >= SETTLE_MS;
    const isDue = nowMs - copied.atMs >= everyMs && store.revision() !== copied.revision;
    if (isSettled || isDue) await copy();
  };
  let working = backups
    .clean()
    .then(copy)
    .catch((error: unknown) => log.warn({ err: error }, 'copies of the store could not be looked after'));
  const timer = setInterval(() => {
    working = working
      .then(look)
      .catch((error: unknown) => log.warn({ err: error }, 'copies of the store could not be looked after'));
  }, LOOK_INTERVAL_MS);
  timer.unref();
  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer);
      await working;
    },
  };
}
