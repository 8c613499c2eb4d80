import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadRecipe } from '../../../src/images/recipe.ts';
import { writeRecipe } from './recipe-fixture.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'berth-recipe-'));
});
afterEach(() => rm(directory, { recursive: true }));

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(directory, path)), { recursive: true });
  await writeFile(join(directory, path), text);
}

test('a recipe comes with its files, by path in the guest', async () => {
  await writeRecipe(directory, 'tiny', { programs: ['/usr/bin/one'] });
  await put('tiny/files/usr/bin/one', '1');
  await put('tiny/files/etc/hosts', 'h');
  const recipe = await loadRecipe(directory, 'tiny');
  expect(recipe?.files.map((file) => file.path)).toEqual(['/etc/hosts', '/usr/bin/one']);
  expect(recipe?.hash).toMatch(/^[0-9a-f]{64}$/);
});

test('the hash changes with each file and with nothing else', async () => {
  await writeRecipe(directory, 'tiny', {});
  await put('tiny/files/etc/hosts', 'h');
  const before = (await loadRecipe(directory, 'tiny'))?.hash;
  expect((await loadRecipe(directory, 'tiny'))?.hash).toBe(before);
  await put('tiny/files/etc/hosts', 'H');
  const content = (await loadRecipe(directory, 'tiny'))?.hash;
  expect(content).not.toBe(before);
  await put('tiny/files/etc/hosts', 'h');
  await put('tiny/files/etc/new', '');
  expect((await loadRecipe(directory, 'tiny'))?.hash).not.toBe(before);
});

test('there is no recipe without recipe.json', async () => {
  expect(await loadRecipe(directory, 'tiny')).toBeUndefined();
});

test('a program that is not among the files is a problem', async () => {
  await writeRecipe(directory, 'tiny', { programs: ['/usr/bin/missing'] });
  await expect(loadRecipe(directory, 'tiny')).rejects.toMatchObject({
    code: 'image-build-failed',
    problems: [{ path: 'programs', message: '/usr/bin/missing is not among the files' }],
  });
});
