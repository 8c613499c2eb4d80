import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FilesWatcher, watchFiles } from '../../../src/files/index.ts';

let root: string;
let watcher: FilesWatcher;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'berth-watch-'));
});
afterEach(async () => {
  await watcher.close();
  rmSync(root, { recursive: true, force: true });
});

/** Watches and gives what `next` says within a second; undefined when it says nothing. */
const soon = () =>
  Promise.race([
    watcher.next(),
    new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 1_500)),
  ]);

test('tells of new, changed, renamed and removed files, many at once as one', async () => {
  watcher = watchFiles([root], new Set());
  await watcher.ready;
  for (const change of [
    () => writeFileSync(join(root, 'a'), '1'),
    () => writeFileSync(join(root, 'a'), '22'),
    () => {
      writeFileSync(join(root, 'a~'), '333');
      renameSync(join(root, 'a~'), join(root, 'a'));
    },
    () => mkdirSync(join(root, 'd')),
    () => writeFileSync(join(root, 'd/deep'), '1'),
    () => rmSync(join(root, 'a')),
  ]) {
    change();
    expect(await soon()).toBe(true);
  }
  for (let index = 0; index < 50; index += 1) writeFileSync(join(root, 'd', `f${index}`), '');
  expect(await soon()).toBe(true);
});

test('says nothing of what is left out', async () => {
  writeFileSync(join(root, '.berthignore'), 'tmp/\n*.log\n');
  mkdirSync(join(root, 'tmp'));
  mkdirSync(join(root, 'big'));
  watcher = watchFiles([root], new Set([join(root, 'big')]));
  await watcher.ready;
  writeFileSync(join(root, 'tmp/x'), '');
  writeFileSync(join(root, 'a.log'), '');
  writeFileSync(join(root, 'big/x'), '');
  expect(await soon()).toBeUndefined();
});

test('ends when it is closed', async () => {
  watcher = watchFiles([root], new Set());
  const next = watcher.next();
  await watcher.close();
  expect(await next).toBe(false);
});
