import { mkdtempSync, rmSync, truncateSync, writeFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { defineCollection, openSqliteStore } from '../../../src/store/index.ts';
import { storeContract } from './contract.ts';

const root = mkdtempSync(join(tmpdir(), 'berth-store-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let made = 0;
let path = '';
beforeEach(() => {
  path = join(root, `store-${made++}.db`);
});

const notes = defineCollection<{ text: string }>('notes');

storeContract('SQLite file', () => openSqliteStore({ path: join(root, `contract-${made++}.db`) }));
storeContract('SQLite in memory', () => openSqliteStore({ path: ':memory:' }));

test('documents and versions survive closing and opening again', async () => {
  const first = await openSqliteStore({ path });
  await first.put(notes, 'gone', { text: 'x' });
  const written = await first.put(notes, 'a', { text: 'kept' });
  await first.delete(notes, 'gone');
  await first.close();
  const second = await openSqliteStore({ path });
  expect(await second.list(notes)).toEqual([written]);
  expect((await second.put(notes, 'b', { text: 'new' })).version).toBeGreaterThan(written.version);
  await second.close();
});

test('acknowledged writes survive a process that ends without closing', async () => {
  const store = await openSqliteStore({ path });
  await store.put(notes, 'a', { text: 'synced' });
  await store.put(notes, 'b', { text: 'relaxed' }, { durability: 'relaxed' });
  // A second connection sees what a recovery after a crash would see.
  const reader = new DatabaseSync(path, { readOnly: true });
  expect(
    reader
      .prepare('SELECT key FROM documents ORDER BY key')
      .all()
      .map((row) => row['key']),
  ).toEqual(['a', 'b']);
  reader.close();
  await store.close();
});

test('nobody but the owner can read the files', async () => {
  const store = await openSqliteStore({ path });
  await store.put(notes, 'a', { text: 'secret' });
  for (const file of [path, `${path}-wal`, `${path}-shm`, `${path}.reserve`]) {
    expect(statSync(file).mode & 0o077).toBe(0);
  }
  await store.close();
});

test('uses a write-ahead log', async () => {
  const store = await openSqliteStore({ path });
  await store.put(notes, 'a', { text: 'x' });
  expect(statSync(`${path}-wal`).size).toBeGreaterThan(0);
  await store.close();
});

test('refuses a file of a newer schema and leaves it alone', async () => {
  const newer = new DatabaseSync(path);
  newer.exec('CREATE TABLE future (x); PRAGMA user_version = 99');
  newer.close();
  await expect(openSqliteStore({ path })).rejects.toMatchObject({ code: 'store-newer' });
  const again = new DatabaseSync(path);
  expect(again.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'delete' });
  again.close();
});

test('refuses what is no database', async () => {
  writeFileSync(path, 'this is no database, and long enough to have a header'.repeat(100));
  await expect(openSqliteStore({ path })).rejects.toMatchObject({ code: 'store-corrupt' });
});

test('refuses a file whose tail is missing', async () => {
  const store = await openSqliteStore({ path });
  for (let index = 0; index < 300; index++)
    await store.put(notes, `key-${index}`, { text: 'x'.repeat(500) }, { durability: 'relaxed' });
  await store.close();
  truncateSync(path, Math.floor(statSync(path).size / 2 / 4096) * 4096);
  await expect(openSqliteStore({ path })).rejects.toMatchObject({ code: 'store-corrupt' });
});

test('says that a document is damaged', async () => {
  const store = await openSqliteStore({ path });
  await store.put(notes, 'a', { text: 'x' });
  await store.close();
  const database = new DatabaseSync(path);
  database.exec(`UPDATE documents SET value = '{"text'`);
  database.close();
  const damaged = await openSqliteStore({ path });
  await expect(damaged.get(notes, 'a')).rejects.toMatchObject({ code: 'store-corrupt' });
  await damaged.close();
});

test('says why it cannot open a file', async () => {
  await expect(openSqliteStore({ path: join(root, 'no', 'such', 'directory.db') })).rejects.toMatchObject({
    code: 'internal',
  });
});
