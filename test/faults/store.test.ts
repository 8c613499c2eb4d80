import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { sha256File } from '../../src/host/index.ts';
import {
  checkCopy,
  defineCollection,
  openSqliteStore,
  SCHEMA_STEPS,
  StoreBackups,
} from '../../src/store/index.ts';
import {
  berth,
  berthFails,
  berthOk,
  environments,
  fork,
  inspect,
  removeAllEnvironments,
} from '../e2e/rig/berth.ts';
import { sharedHome } from '../e2e/rig/home.ts';
import { get, urlOf } from '../e2e/rig/http.ts';
import { isRunning } from '../e2e/rig/processes.ts';
import { flipBit, seeded } from './rig/damage.ts';
import { FAULT_TEMPLATE, prepareFaults } from './rig/project.ts';
import { Subject } from './rig/subject.ts';

const DAEMON = 6;
const NAME = 'bookkeeper';
const notes = defineCollection<{ text: string }>('notes');
const SECOND_OF_ALL = SCHEMA_STEPS.slice(0, 1);
const FLIPS = 60;

const root = mkdtempSync(join(tmpdir(), 'berth-store-'));
let place = '';
let made = 0;

const storePath = () => join(sharedHome(), 'berth.db');
const copiesOf = (home: string) => new StoreBackups(join(home, 'backups', 'store'));
const bootIdOf = async () => (await inspect(NAME)).pid;

beforeAll(async () => {
  await prepareFaults(new Subject(sharedHome()));
  await fork(FAULT_TEMPLATE, '--name', NAME);
});
beforeEach(() => {
  place = join(root, String(made++));
  mkdirSync(place);
});
afterAll(async () => {
  rmSync(root, { recursive: true, force: true });
  await removeAllEnvironments();
});

/** A store as an earlier version left it. */
async function oldStore(): Promise<string> {
  const path = join(place, 'store.db');
  const database = new DatabaseSync(path);
  for (const step of SECOND_OF_ALL) step.apply(database);
  database.exec(
    `PRAGMA user_version = 1; INSERT INTO documents VALUES ('notes', 'a', 7, '{"text":"old"}'); UPDATE revision SET current = 7`,
  );
  database.close();
  return path;
}

test('#3 · a daemon with a newer schema opens the store · it is copied before, and nothing of it is lost', async () => {
  const path = await oldStore();
  const backups = new StoreBackups(join(place, 'backups'));
  const store = await openSqliteStore({ path, backups });
  expect(await store.list(notes)).toEqual([{ key: 'a', version: 7, value: { text: 'old' } }]);
  expect((await store.put(notes, 'b', { text: 'new' })).version).toBeGreaterThan(7);
  await store.close();
  const [copy] = await backups.list();
  expect(copy).toMatchObject({ kind: 'before-change', schema: 1 });
  checkCopy(copy?.path ?? '');
  // The version before reads it.
  copyFileSync(copy?.path ?? '', path);
  const before = await openSqliteStore({ path, steps: SECOND_OF_ALL }).catch((error: unknown) => error);
  expect(before).not.toMatchObject({ code: 'store-newer' });
});

test('#4 · a change of the schema fails half-way · the store is as it was, the old version and the copy work', async () => {
  const path = join(place, 'store.db');
  const backups = new StoreBackups(join(place, 'backups'));
  const first = await openSqliteStore({ path, backups });
  await first.put(notes, 'a', { text: 'kept' });
  await first.close();
  const steps = [
    ...SCHEMA_STEPS,
    {
      to: 99,
      apply: (database: DatabaseSync) => {
        database.exec('DROP TABLE documents');
        throw new Error('the power of the step failed');
      },
    },
  ];
  const failure = await openSqliteStore({ path, backups, steps }).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'store-change-failed' });
  expect(String(failure)).toContain('the power of the step failed');
  const again = await openSqliteStore({ path, backups });
  expect((await again.get(notes, 'a'))?.value.text).toBe('kept');
  await again.close();
  const [copy] = await backups.list();
  expect(copy?.kind).toBe('before-change');
  const fromCopy = await openSqliteStore({ path: copy?.path ?? '' });
  expect((await fromCopy.get(notes, 'a'))?.value.text).toBe('kept');
  await fromCopy.close();
});

test('#5 · a store of a newer version · the daemon refuses clearly, changes nothing, and machines go on', async () => {
  const { pid = 0 } = await inspect(NAME);
  const url = urlOf(await inspect(NAME));
  await berthOk(['daemon', 'stop']);
  const path = storePath();
  const newer = new DatabaseSync(path);
  newer.exec('PRAGMA journal_mode = DELETE; PRAGMA user_version = 99');
  newer.close();
  const before = await sha256File(path);
  const failure = await berthFails(['ls']);
  expect(failure).toMatchObject({ code: 'store-newer', exitCode: DAEMON });
  expect(failure.message).toContain('has schema 99');
  expect(await sha256File(path)).toBe(before);
  expect(isRunning(pid)).toBe(true);
  const back = new DatabaseSync(path);
  back.exec(`PRAGMA user_version = ${SCHEMA_STEPS.at(-1)?.to ?? 0}`);
  back.close();
  expect((await inspect(NAME)).pid).toBe(pid);
  expect(await get(`${url}/`)).toBe('hello\n');
});

test('#47 · damaged bytes of the store · the start is refused with the command that brings a copy back, and it does', async () => {
  const { pid = 0 } = await inspect(NAME);
  await expect.poll(() => knownInCopies(), { timeout: 30_000 }).toContain(NAME);
  // Younger than the copy: it comes from beside its disk.
  await fork(FAULT_TEMPLATE, '--name', 'younger');
  await berthOk(['daemon', 'stop']);
  const [copy] = await copiesOf(sharedHome()).list();
  const path = storePath();
  writeFileSync(path, Buffer.alloc(4096 * 3, 0xa5), { flag: 'r+' });
  const failure = await berthFails(['ls']);
  expect(failure).toMatchObject({ code: 'store-corrupt', exitCode: DAEMON });
  expect(failure.remedy).toContain('./berth daemon restore-store');
  expect(isRunning(pid)).toBe(true);
  const restored = await berthOk(['daemon', 'restore-store', copy?.name ?? '']);
  expect(restored).toContain(copy?.name);
  expect((await environments()).map(({ name }) => name).sort()).toEqual([NAME, 'younger']);
  expect(await bootIdOf()).toBe(pid);
  expect(await get(`${urlOf(await inspect(NAME))}/`)).toBe('hello\n');
  await berthOk(['rm', 'younger']);
  // What was there is kept for whoever wants to look at it.
  const kept = readdirSync(join(sharedHome(), 'backups', 'store')).filter((name) =>
    name.startsWith('replaced-'),
  );
  expect(kept).toHaveLength(1);
  rmSync(join(sharedHome(), 'backups', 'store', kept[0] ?? ''), { recursive: true });
});

test('#47 b · a daemon runs · the store is not replaced under it', async () => {
  await environments();
  const { code, stderr } = await berth(['daemon', 'restore-store']);
  expect([code, stderr]).toEqual([DAEMON, expect.stringContaining('berth daemon stop')]);
});

test(`#47 c · ${FLIPS} flipped bits anywhere in the store · refused or harmless: never read as something else`, async () => {
  const path = join(place, 'store.db');
  const store = await openSqliteStore({ path });
  for (let index = 0; index < 200; index++)
    await store.put(notes, `key-${index}`, { text: `value ${index} `.repeat(20) }, { durability: 'relaxed' });
  const whole = JSON.stringify(await store.list(notes));
  await store.close();
  const random = seeded(47);
  const wrong: string[] = [];
  let refused = 0;
  for (let round = 0; round < FLIPS; round++) {
    const copy = join(place, 'flipped.db');
    for (const ending of ['', '-wal', '-shm']) rmSync(`${copy}${ending}`, { force: true });
    copyFileSync(path, copy);
    const at = Math.floor(random() * statSync(copy).size);
    flipBit(copy, at, Math.floor(random() * 8));
    const read = await readAll(copy);
    if (read === undefined) refused += 1;
    else if (read !== whole) wrong.push(`byte ${at}`);
  }
  expect(wrong).toEqual([]);
  expect(refused).toBeGreaterThan(FLIPS / 3);
});

test('#6 b · the disk is full when the store is to be copied · the service goes on, nothing half-made is left', async () => {
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', place]).status === 0;
  expect(mounted).toBe(true);
  try {
    const store = await openSqliteStore({ path: join(root, 'roomy.db') });
    for (let index = 0; index < 100; index++)
      await store.put(notes, `key-${index}`, { text: 'x'.repeat(20_000) }, { durability: 'relaxed' });
    const backups = new StoreBackups(place);
    await expect(store.copyTo(backups)).rejects.toMatchObject({ code: 'disk-full' });
    expect(readdirSync(place)).toEqual([]);
    await store.put(notes, 'after', { text: 'written' });
    expect((await store.get(notes, 'after'))?.value.text).toBe('written');
    await store.close();
  } finally {
    execFileSync('umount', [place]);
  }
});

async function readAll(path: string): Promise<string | undefined> {
  try {
    const store = await openSqliteStore({ path });
    try {
      return JSON.stringify(await store.list(notes));
    } finally {
      await store.close();
    }
  } catch {
    return undefined;
  }
}

/** Text of the newest copy of the store. */
async function knownInCopies(): Promise<string> {
  const [copy] = await copiesOf(sharedHome()).list();
  return copy !== undefined && existsSync(copy.path) ? readFileSync(copy.path, 'latin1') : '';
}
