import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { scan } from '../../../src/files/index.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'berth-scan-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, text = path): string {
  const whole = join(root, path);
  mkdirSync(join(whole, '..'), { recursive: true });
  writeFileSync(whole, text);
  return whole;
}

const paths = (entries: ReadonlyMap<string, unknown>) =>
  [...entries.keys()].map((path) => path.slice(root.length + 1)).toSorted();

test('lists files, directories and links with mode, size and time', async () => {
  const script = write('bin/run.sh', 'hello');
  chmodSync(script, 0o750);
  utimesSync(script, 1_700_000_000.5, 1_700_000_000.25);
  mkdirSync(join(root, 'empty'));
  symlinkSync('bin/run.sh', join(root, 'run'));
  const { entries, notes, sizeBytes, cut } = await scan([root]);
  expect(paths(entries)).toEqual(['', 'bin', 'bin/run.sh', 'empty', 'run']);
  expect(entries.get(script)).toMatchObject({
    ...{ kind: 'file', mode: 0o750, sizeBytes: 5, mtimeUs: 1_700_000_000_250_000 },
    ...{ uid: process.getuid?.(), gid: process.getgid?.() },
  });
  expect(entries.get(join(root, 'run'))).toMatchObject({ kind: 'link', target: 'bin/run.sh', sizeBytes: 0 });
  expect({ notes, sizeBytes, cut }).toEqual({ notes: [], sizeBytes: 5, cut: false });
});

test('a link out of the project is listed as it is, told, and never followed', async () => {
  const outside = mkdtempSync(join(tmpdir(), 'berth-outside-'));
  writeFileSync(join(outside, 'secret'), 'x');
  mkdirSync(join(root, 'd'));
  symlinkSync(outside, join(root, 'd', 'out'));
  symlinkSync('../../../../../../etc', join(root, 'd', 'up'));
  symlinkSync('../d', join(root, 'd', 'loop'));
  const { entries, notes } = await scan([root]);
  rmSync(outside, { recursive: true });
  expect(paths(entries)).toEqual(['', 'd', 'd/loop', 'd/out', 'd/up']);
  expect(notes.map(({ path }) => path.slice(root.length + 1)).toSorted()).toEqual(['d/out', 'd/up']);
  expect(notes[0]?.message).toContain('out of the project');
});

test('a link from one root to another stays within', async () => {
  const other = mkdtempSync(join(tmpdir(), 'berth-other-'));
  symlinkSync(other, join(root, 'other'));
  const { notes } = await scan([root, other]);
  rmSync(other, { recursive: true });
  expect(notes).toEqual([]);
});

test('.berthignore is heeded as .gitignore is', async () => {
  for (const path of ['a.log', 'keep.log', 'node_modules/x/y', 'src/node_modules/z', 'src/a.ts', 'build/out'])
    write(path);
  write('.berthignore', '# remark\n*.log\n!keep.log\nnode_modules/\n/build\n');
  const { entries } = await scan([root]);
  expect(paths(entries)).toEqual(['', '.berthignore', 'keep.log', 'src', 'src/a.ts']);
});

test('what is excluded by its path is left out with all below it', async () => {
  for (const path of ['images/a.tar', 'images/b.txt', 'big/x/y']) write(path);
  const exclude = new Set([join(root, 'images/a.tar'), join(root, 'big')]);
  expect(paths((await scan([root], { exclude })).entries)).toEqual(['', 'images', 'images/b.txt']);
});

test('sockets, pipes and data directories of Berth are passed over with a note', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(join(root, 's.sock'), resolve));
  execFileSync('mkfifo', [join(root, 'pipe')]);
  write('home/berth-home');
  write('home/secret');
  const { entries, notes } = await scan([root]);
  await new Promise((resolve) => server.close(resolve));
  expect(paths(entries)).toEqual(['', 'home']);
  expect(notes.map(({ message }) => message).toSorted()).toEqual([
    'is a data directory of Berth: left out',
    'is a pipe: left out',
    'is a socket: left out',
  ]);
});

test('a single file is a root, too', async () => {
  const path = write('one.txt', 'abc');
  expect(paths((await scan([path])).entries)).toEqual(['one.txt']);
});

test('a limit ends it', async () => {
  for (let index = 0; index < 30; index += 1) write(`d${index}/f`);
  expect(await scan([root], { limit: { files: 20, bytes: 1e9 } })).toMatchObject({ cut: true });
  expect(await scan([root], { limit: { files: 1e9, bytes: 10 } })).toMatchObject({ cut: true });
  expect(await scan([root], { limit: { files: 100, bytes: 1e9 } })).toMatchObject({ cut: false });
});

test('10 000 files take well under a second', async () => {
  for (let index = 0; index < 10_000; index += 1) {
    if (index % 100 === 0) mkdirSync(join(root, `d${index / 100}`));
    writeFileSync(join(root, `d${Math.floor(index / 100)}`, `f${index}`), '');
  }
  write('.berthignore', '*.log\nnode_modules/\n');
  const startedMs = performance.now();
  const { entries } = await scan([root]);
  expect(entries.size).toBe(10_102);
  // A quarter of that on an idle host.
  expect(performance.now() - startedMs).toBeLessThan(3_000);
});
