import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { asBerthError, berthError } from '../errors/index.ts';
import { environmentCollection, readRecordCopies } from '../environments/index.ts';
import {
  acquireHomeLock,
  copyFile,
  ensureDirectory,
  exists,
  isRoot,
  moveFile,
  resolveHome,
  syncFile,
} from '../host/index.ts';
import { layoutOf } from '../machines/index.ts';
import { checkCopy, openSqliteStore, type StoreBackup } from '../store/index.ts';
import { storeBackupsOf } from './keep-store-backups.ts';

const STORE = 'berth.db';

/** `berth daemon restore-store [NAME] [--list]`, while no daemon runs. The result is the exit code. */
export async function restoreStoreCommand(argv: readonly string[]): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      options: { list: { type: 'boolean' } },
      allowPositionals: true,
    });
    const { home } = resolveHome(process.env);
    if (values.list === true) for (const one of await storeBackupsOf(home).list()) print(describe(one));
    else await restoreStore(home, positionals[0]);
    return 0;
  } catch (error) {
    const failure = asBerthError(error);
    process.stderr.write(`error: ${failure.message}\n  next: ${failure.remedy}\n`);
    return failure.exitCode;
  }
}

/**
 * Puts a copy in the place of the store: the newest that is whole, or the one named. What was there is kept beside. Environments that are younger than the copy,
 * or have changed since, come from what lies beside their disks.
 * @throws `not-root`, `daemon-locked`, `not-found`, `store-corrupt`
 */
export async function restoreStore(home: string, name: string | undefined): Promise<void> {
  if (!isRoot()) throw berthError('not-root', 'only root may change the store');
  const lock = await acquireHomeLock(home);
  try {
    const chosen = await choose(home, name);
    const path = join(home, STORE);
    const draft = `${path}.restoring`;
    await copyFile(chosen.path, draft);
    await syncFile(draft);
    const kept = await moveAside(home, path);
    await moveFile(draft, path);
    await syncFile(home);
    print(`restored ${describe(chosen)}`);
    if (kept !== undefined) print(`what was there is kept in ${kept}`);
    const later = await bringInLater(home, path);
    if (later.length > 0) print(`from beside their disks: ${later.join(', ')}`);
    print('next: ./berth ls');
  } finally {
    await lock.release();
  }
}

async function choose(home: string, name: string | undefined): Promise<StoreBackup> {
  const all = await storeBackupsOf(home).list();
  if (name !== undefined) {
    const found = all.find((one) => one.name === name);
    if (found === undefined)
      throw berthError('not-found', `there is no copy "${name}" of the store`, {
        remedy: 'See what there is with `./berth daemon restore-store --list`.',
      });
    checkCopy(found.path);
    return found;
  }
  for (const one of all) {
    try {
      checkCopy(one.path);
      return one;
    } catch {
      print(`${one.name} is damaged; the one before is tried`);
    }
  }
  throw berthError('not-found', `there is no whole copy of the store below ${home}`, {
    remedy: `Move ${join(home, STORE)} aside and start again; environments with a backup come back with \`./berth backup restore --all\`.`,
  });
}

/** Store, log and index belong together. */
async function moveAside(home: string, path: string): Promise<string | undefined> {
  if (!(await exists(path))) return undefined;
  const place = join(
    home,
    'backups',
    'store',
    `replaced-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`,
  );
  await ensureDirectory(place, { mode: 0o700 });
  for (const ending of ['', '-wal', '-shm'])
    if (await exists(`${path}${ending}`))
      await moveFile(`${path}${ending}`, join(place, `${STORE}${ending}`));
  return place;
}

/** Names of the environments whose record beside their disk is later than the one in the copy. */
async function bringInLater(home: string, path: string): Promise<string[]> {
  const store = await openSqliteStore({ path, backups: storeBackupsOf(home) });
  try {
    const known = new Map((await store.list(environmentCollection)).map((one) => [one.key, one.version]));
    const names: string[] = [];
    for (const { record, version } of await readRecordCopies(layoutOf(home).environments)) {
      if ((known.get(record.id) ?? -1) >= version) continue;
      await store.put(environmentCollection, record.id, record);
      names.push(record.name);
    }
    return names;
  } finally {
    await store.close();
  }
}

function describe({ name, bytes, schema, kind }: StoreBackup): string {
  const why = kind === 'before-change' ? ', from before a change of schema' : '';
  return `${name} (schema ${schema}, ${Math.ceil(bytes / 1024)} KiB${why})`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
