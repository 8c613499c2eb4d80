import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { defineCollection, openSqliteStore } from '../../../src/store/index.ts';

const notes = defineCollection<{ text: string }>('notes');

/** A file system of 6 MiB, where one can be mounted. */
const directory = mkdtempSync(join(tmpdir(), 'berth-full-disk-'));
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', directory]).status === 0;
afterAll(() => {
  if (mounted) execFileSync('umount', [directory]);
  rmSync(directory, { recursive: true, force: true });
});

test.runIf(mounted)('a full disk leaves room to write that things were removed', async () => {
  const path = join(directory, 'store.db');
  const filler = join(directory, 'filler');
  const store = await openSqliteStore({ path });
  await store.put(notes, 'a', { text: 'before' });
  expect(() => writeFileSync(filler, Buffer.alloc(8 * 1024 * 1024))).toThrow('ENOSPC');

  const text = 'x'.repeat(20_000);
  let written = 0;
  const fill = async () => {
    for (; written < 1_000; written++) await store.put(notes, `key-${written}`, { text });
  };
  await expect(fill()).rejects.toMatchObject({ code: 'disk-full' });
  // Without the reserve not even one would have had room.
  expect(written).toBeGreaterThan(20);
  expect(existsSync(`${path}.reserve`)).toBe(false);
  expect((await store.get(notes, 'a'))?.value.text).toBe('before');
  expect(await store.list(notes)).toHaveLength(written + 1);

  rmSync(filler);
  expect(await store.delete(notes, 'key-0')).toBe(true);
  expect(existsSync(`${path}.reserve`)).toBe(true);
  await store.put(notes, 'b', { text: 'after' });
  await store.close();
  const again = await openSqliteStore({ path });
  expect((await again.get(notes, 'b'))?.value.text).toBe('after');
  await again.close();
});
