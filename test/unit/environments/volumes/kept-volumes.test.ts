import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nameIn } from '../../../../src/environments/volumes/bring-in.ts';
import { type KeptSet, KeptVolumes } from '../../../../src/environments/volumes/kept-volumes.ts';
import type { EnvironmentId } from '../../../../src/model/index.ts';

const FIRST = 'env-000000000001' as EnvironmentId;
const SECOND = 'env-000000000002' as EnvironmentId;
const data = { name: 'shop_data', key: 'data', labels: {}, sizeBytes: 5 };

let directory: string;
let kept: KeptVolumes;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'berth-kept-'));
  kept = new KeptVolumes(directory);
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function* content(words: string) {
  yield Buffer.from(words);
}

async function keep(environment: EnvironmentId, words: string): Promise<KeptSet> {
  const set = await kept.begin('shop', environment);
  await set.add(data, content(words));
  await set.add({ ...data, name: 'other' }, content('other'));
  return set.complete({ project: 'shop' });
}

test('a set is there once it is complete, with what its archives hold', async () => {
  const unfinished = await kept.begin('shop', FIRST);
  await unfinished.add(data, content('hello'));
  expect(await kept.list()).toEqual([]);
  await unfinished.discard();
  const set = await keep(FIRST, 'hello');
  const [volume] = set.volumes;
  if (volume === undefined) throw new Error('there is no volume');
  expect(await kept.list()).toEqual([set]);
  expect(await text(kept.open(set, volume))).toBe('hello');
  expect(volume.hash).toBe('2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824');
});

test('what cannot be read to its end is not kept', async () => {
  const unfinished = await kept.begin('shop', FIRST);
  const broken = async function* () {
    yield Buffer.from('half');
    throw new Error('the guest has gone');
  };
  await expect(unfinished.add(data, broken())).rejects.toThrow('the guest has gone');
  await unfinished.discard();
  expect(await readdir(directory)).toEqual([]);
});

test('the same environment may keep again, another one of its name must not: that may be the only copy', async () => {
  await keep(FIRST, 'old');
  const set = await keep(FIRST, 'new');
  expect(await kept.list()).toEqual([set]);
  await expect(kept.begin('shop', SECOND)).rejects.toMatchObject({ code: 'conflict' });
  expect(await readdir(directory)).toEqual(['shop']);
});

test('a set goes with its last volume, and only when it is the one that is meant', async () => {
  const set = await keep(FIRST, 'hello');
  await kept.remove('shop', 'kept-another');
  for (const volume of set.volumes) {
    const now = await kept.find('shop');
    if (now !== undefined) await kept.removeVolume(now, volume);
  }
  expect(await readdir(directory)).toEqual([]);
});

test('interrupted work is cleared away, but not the only copy of something', async () => {
  const unfinished = await kept.begin('shop', FIRST);
  await unfinished.add(data, content('hello'));
  await kept.clean(new Set([FIRST]));
  expect(await readdir(directory)).toEqual([]);

  const set = await keep(SECOND, 'hello');
  const { rename } = await import('node:fs/promises');
  const interrupted = join(directory, `.keeping-${SECOND}`);
  await rename(join(directory, 'shop'), interrupted);
  await kept.clean(new Set());
  expect(await kept.list()).toEqual([set]);
  await rename(join(directory, 'shop'), interrupted);
  await kept.clean(new Set([SECOND]));
  expect(await readdir(directory)).toEqual([]);
});

test("volumes of a fork, whose project is its parent's, get the names of the new project", () => {
  expect(nameIn('shop-2', { project: 'shop' }, data)).toBe('shop-2_data');
  expect(nameIn('shop-2', { project: 'shop' }, { name: 'elsewhere', key: 'data' })).toBe('elsewhere');
  expect(nameIn('shop-2', { project: 'shop' }, { name: 'shop_made-by-hand' })).toBe('shop_made-by-hand');
});
