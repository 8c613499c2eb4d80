import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { takeBuildPlace } from '../../../src/images/build-lock.ts';
import { newManifest } from '../../../src/images/image-manifest.ts';
import { createImageStore, type ImageStore } from '../../../src/images/index.ts';
import { loadRecipe } from '../../../src/images/recipe.ts';
import { writeRecipe } from './recipe-fixture.ts';

let top: string;
let images: string;
let recipes: string;
let store: ImageStore;

beforeEach(async () => {
  top = await mkdtemp(join(tmpdir(), 'berth-images-'));
  images = join(top, 'images');
  recipes = join(top, 'recipes');
  await mkdir(images);
  await writeRecipe(recipes, 'tiny', {});
  store = createImageStore({ directory: images, recipesDirectory: recipes, env: {} });
});
afterEach(() => rm(top, { recursive: true }));

/** Puts an image there as a build would have. */
async function addImage(o: { createdAt: string; recipeHash?: string; version?: string }): Promise<string> {
  const recipe = await loadRecipe(recipes, 'tiny');
  const manifest = newManifest({
    name: 'tiny',
    createdAt: o.createdAt,
    recipeHash: o.recipeHash ?? recipe?.hash ?? '',
    kernel: '6.12',
    kernelArguments: ['quiet'],
    diskVirtualBytes: 64,
    packages: { systemd: o.version ?? '257' },
    files: { vmlinuz: createHash('sha256').update('kernel').digest('hex') },
  });
  await mkdir(join(images, manifest.id));
  await writeFile(join(images, manifest.id, 'vmlinuz'), 'kernel');
  await writeFile(join(images, manifest.id, 'manifest.json'), JSON.stringify(manifest));
  return manifest.id;
}

test('a name stands for its newest current image, an id for itself', async () => {
  const old = await addImage({ createdAt: '2026-01-01T00:00:00.000Z', version: '256' });
  const current = await addImage({ createdAt: '2026-01-02T00:00:00.000Z' });
  const stale = await addImage({ createdAt: '2026-01-03T00:00:00.000Z', recipeHash: 'f00d' });
  expect((await store.get('tiny'))?.id).toBe(current);
  expect((await store.get(old))?.id).toBe(old);
  expect((await store.get(stale))?.current).toBe(false);
  expect(await store.get('other')).toBeUndefined();
  expect((await store.list()).map((image) => image.id)).toEqual([old, current, stale]);
});

test('a changed recipe leaves no current image', async () => {
  await addImage({ createdAt: '2026-01-01T00:00:00.000Z' });
  await writeRecipe(recipes, 'tiny', { packages: ['systemd', 'podman'] });
  expect(await store.get('tiny')).toBeUndefined();
});

test('an image that is current is not built again', async () => {
  const id = await addImage({ createdAt: '2026-01-01T00:00:00.000Z' });
  const steps: string[] = [];
  const image = await store.build('tiny', { onStep: (title) => steps.push(title) });
  expect(image.id).toBe(id);
  expect(steps).toEqual([]);
});

test('an unknown name is refused', async () => {
  await expect(store.build('other', { onStep: () => undefined })).rejects.toMatchObject({
    code: 'image-unknown',
  });
  await expect(store.build('../tiny', { onStep: () => undefined })).rejects.toMatchObject({
    code: 'image-unknown',
  });
  await expect(store.remove('other')).rejects.toMatchObject({ code: 'image-unknown' });
});

test('verify names the files that changed or are gone', async () => {
  const id = await addImage({ createdAt: '2026-01-01T00:00:00.000Z' });
  expect(await store.verify('tiny')).toEqual([]);
  await writeFile(join(images, id, 'vmlinuz'), 'KERNEL');
  expect(await store.verify(id)).toEqual([join(images, id, 'vmlinuz')]);
  await rm(join(images, id, 'vmlinuz'));
  expect(await store.verify(id)).toEqual([join(images, id, 'vmlinuz')]);
});

test('a removed image is gone', async () => {
  const id = await addImage({ createdAt: '2026-01-01T00:00:00.000Z' });
  await store.remove(id);
  expect(await store.list()).toEqual([]);
  expect(await readdir(images)).toEqual([]);
});

test('a directory without a manifest is no image', async () => {
  await mkdir(join(images, 'img-0123456789abcdef'));
  expect(await store.list()).toEqual([]);
});

test('recipes are the directories that have one', async () => {
  await mkdir(join(recipes, 'empty'));
  expect(await store.recipes()).toEqual(['tiny']);
});

test('one process builds an image at a time; the others hear of it', async () => {
  const place = await takeBuildPlace(images, 'tiny');
  await expect(takeBuildPlace(images, 'tiny')).rejects.toMatchObject({ code: 'conflict' });
  const other = await takeBuildPlace(images, 'other');
  await other.release();
  await place.release();
  await (await takeBuildPlace(images, 'tiny')).release();
  expect(await readdir(images)).toEqual([]);
});

test('what a dead build left is removed, a living one stays', async () => {
  const place = await takeBuildPlace(images, 'tiny');
  const dead = join(images, '.building-other-01020304');
  await mkdir(join(dead, 'image'), { recursive: true });
  await writeFile(join(dead, 'owner.json'), JSON.stringify({ pid: process.pid, startTicks: 1 }));
  await writeFile(join(images, '.building-other.lock'), JSON.stringify({ pid: 0, startTicks: 1 }));
  await mkdir(join(images, '.removed-img-0123456789abcdef'));
  await store.clean();
  const left = await readdir(images);
  expect(left).toHaveLength(2);
  expect(left).toContain('.building-tiny.lock');
  await place.release();
});
