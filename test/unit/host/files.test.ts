import { createHash } from 'node:crypto';
import {
  linkSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  allocatedBytes,
  copyFile,
  diskSpace,
  ensureDirectory,
  exists,
  isRoot,
  listDirectory,
  readAt,
  readBytes,
  readJson,
  readText,
  removeTree,
  sha256File,
  tailFile,
  syncFile,
  writeZeros,
  writeAtomic,
  writeJson,
} from '../../../src/host/index.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const MIB = 1024 * 1024;

test('what is not there reads as undefined, empty or false', async () => {
  const path = join(temporaryDirectory(), 'a', 'b');
  expect(await readText(path)).toBeUndefined();
  expect(await readBytes(path)).toBeUndefined();
  expect(await readJson(path)).toBeUndefined();
  expect(await exists(path)).toBe(false);
  expect(await listDirectory(path)).toEqual([]);
  expect(await tailFile(path, 10)).toBe('');
  expect(await allocatedBytes(path)).toBe(0);
  await removeTree(path);
});

test('a file is replaced as a whole, with its mode, and nothing else is left in the directory', async () => {
  const directory = temporaryDirectory();
  const path = join(directory, 'f');
  await writeAtomic(path, 'one');
  await writeAtomic(path, 'two', { mode: 0o600 });
  expect(await readText(path)).toBe('two');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(directory)).toEqual(['f']);
});

test('a failed write leaves no temporary file', async () => {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, 'f', 'full'), { recursive: true });
  await expect(writeAtomic(join(directory, 'f'), 'x')).rejects.toThrow();
  expect(readdirSync(directory)).toEqual(['f']);
});

test('JSON goes round, and text that is no JSON is named', async () => {
  const path = join(temporaryDirectory(), 'f.json');
  await writeJson(path, { a: [1, 'x'] });
  expect(await readJson(path)).toEqual({ a: [1, 'x'] });
  writeFileSync(path, '{"a":');
  await expect(readJson(path)).rejects.toMatchObject({ code: 'store-corrupt' });
});

test('a directory is made with its parents and mode, and the mode is set on one that was there', async () => {
  const path = join(temporaryDirectory(), 'a', 'b');
  await ensureDirectory(path, { mode: 0o777 });
  expect(statSync(path).mode & 0o777).toBe(0o777);
  await ensureDirectory(path, { mode: 0o700 });
  expect(statSync(path).mode & 0o777).toBe(0o700);
});

test.runIf(isRoot())('a directory gets the owner it is given', async () => {
  const path = join(temporaryDirectory(), 'a');
  await ensureDirectory(path, { uid: 210_001, gid: 210_000 });
  expect(statSync(path)).toMatchObject({ uid: 210_001, gid: 210_000 });
});

test('a directory that cannot be made is home-unusable', async () => {
  const file = join(temporaryDirectory(), 'f');
  writeFileSync(file, '');
  await expect(ensureDirectory(join(file, 'x'))).rejects.toMatchObject({ code: 'home-unusable' });
});

test('holes and second names take no space', async () => {
  const directory = temporaryDirectory();
  const path = join(directory, 'f');
  writeFileSync(path, Buffer.alloc(MIB, 1));
  truncateSync(path, 64 * MIB);
  const alone = await allocatedBytes(path);
  expect(alone).toBeGreaterThanOrEqual(MIB);
  expect(alone).toBeLessThan(2 * MIB);
  linkSync(path, join(directory, 'g'));
  symlinkSync(path, join(directory, 'h'));
  expect(await allocatedBytes(directory)).toBeLessThan(alone + MIB / 4);
});

test('a copy is equal and keeps the holes', async () => {
  const directory = temporaryDirectory();
  const [from, to] = [join(directory, 'f'), join(directory, '--g')];
  writeFileSync(from, Buffer.alloc(MIB, 7));
  truncateSync(from, 64 * MIB);
  writeFileSync(to, 'replaced');
  await copyFile(from, to);
  expect(statSync(to).size).toBe(64 * MIB);
  expect(await sha256File(to)).toBe(await sha256File(from));
  expect(await allocatedBytes(to)).toBeLessThan(2 * MIB);
});

test('a copy of nothing fails and says so', async () => {
  const directory = temporaryDirectory();
  await expect(copyFile(join(directory, 'f'), join(directory, 'g'))).rejects.toMatchObject({
    code: 'command-failed',
  });
});

test('sha256 of a file', async () => {
  const path = join(temporaryDirectory(), 'f');
  writeFileSync(path, 'abc');
  expect(await sha256File(path)).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});

test('sha256 of a file that does not fit into one read, in the background', async () => {
  const path = join(temporaryDirectory(), '--large');
  const content = Buffer.alloc(5 * 1024 * 1024 + 5, 'berth');
  writeFileSync(path, content);
  const expected = createHash('sha256').update(content).digest('hex');
  expect(await sha256File(path, { background: true })).toBe(expected);
});

test('there is no sha256 of nothing, and it is told why', async () => {
  const path = join(temporaryDirectory(), 'missing');
  await expect(sha256File(path)).rejects.toMatchObject({
    code: 'command-failed',
    message: expect.stringContaining('ENOENT'),
  });
});

test('the tail of a file starts with a whole line', async () => {
  const path = join(temporaryDirectory(), 'f');
  writeFileSync(path, 'first\nsecond\nthird\n');
  expect(await tailFile(path, 9)).toBe('third\n');
  expect(await tailFile(path, 1000)).toBe('first\nsecond\nthird\n');
});

test('bytes are read and cleared in place', async () => {
  const path = join(temporaryDirectory(), 'f');
  writeFileSync(path, '0123456789');
  const ranges = [
    { offset: 3, length: 3 },
    { offset: 8, length: 1 },
  ];
  await writeZeros(path, ranges);
  await syncFile(path);
  expect(String(await readAt(path, 2, 5))).toBe('2\x00\x00\x006');
  expect(String(await readAt(path, 7, 100))).toBe('7\x009');
  await expect(writeZeros(`${path}-missing`, ranges)).rejects.toThrow('ENOENT');
});

test('more zeros than fit into one write are written', async () => {
  const path = join(temporaryDirectory(), 'f');
  writeFileSync(path, Buffer.alloc(3 * 1024 * 1024, 1));
  await writeZeros(path, [{ offset: 1, length: 2.5 * 1024 * 1024 }]);
  const content = await readAt(path, 0, 4 * 1024 * 1024);
  expect(content.length).toBe(3 * 1024 * 1024);
  expect(content.filter((byte) => byte === 1).length).toBe(0.5 * 1024 * 1024);
  expect([content[0], content[1]]).toEqual([1, 0]);
});

test('disk space is told for a path that is not there yet', async () => {
  const { totalBytes, freeBytes } = await diskSpace(join(temporaryDirectory(), 'not', 'yet'));
  expect(freeBytes).toBeGreaterThan(0);
  expect(totalBytes).toBeGreaterThan(freeBytes);
});
