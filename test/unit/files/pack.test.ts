import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { packFiles, scan } from '../../../src/files/index.ts';

let root: string;
let out: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'berth-pack-'));
  out = mkdtempSync(join(tmpdir(), 'berth-unpacked-'));
});
afterEach(() => {
  for (const path of [root, out]) rmSync(path, { recursive: true, force: true });
});

async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

/** Unpacks as the machine does. */
const unpack = (archive: Buffer) =>
  execFileSync('tar', ['-x', '-f', '-', '-C', out, '-p', '--overwrite'], { input: archive });

test('GNU tar makes of it what was there: content, mode, time, links, empty directories, long names', async () => {
  const long = `${'d'.repeat(120)}/${'e'.repeat(120)}/${'f'.repeat(120)}`;
  mkdirSync(join(root, long, '..'), { recursive: true });
  writeFileSync(join(root, long), 'deep');
  writeFileSync(join(root, 'ünïcode'), 'u');
  writeFileSync(join(root, 'run'), '#!/bin/sh\n');
  chmodSync(join(root, 'run'), 0o4751);
  utimesSync(join(root, 'run'), 1_600_000_000, 1_600_000_000.123456);
  mkdirSync(join(root, 'empty'), { mode: 0o700 });
  symlinkSync(`../${'x'.repeat(150)}`, join(root, 'link'));
  writeFileSync(join(root, 'big'), Buffer.alloc(3 * 1024 * 1024 + 17, 7));
  const { entries } = await scan([root]);
  unpack(await bytesOf(packFiles(entries.values())));
  const there = join(out, root);
  for (const path of entries.keys()) {
    const [before, after] = [lstatSync(path), lstatSync(join(out, path))];
    expect([path, after.mode, after.uid, after.size]).toEqual([path, before.mode, before.uid, before.size]);
    if (before.isFile()) {
      expect(after.mtimeMs).toBeCloseTo(before.mtimeMs, 2);
      expect(readFileSync(join(out, path)).equals(readFileSync(path))).toBe(true);
    }
  }
  expect(readlinkSync(join(there, 'link'))).toBe(`../${'x'.repeat(150)}`);
});

test('a file that has changed since it was listed is packed as it is now', async () => {
  writeFileSync(join(root, 'a'), 'before');
  writeFileSync(join(root, 'gone'), 'x');
  writeFileSync(join(root, 'turned'), 'x');
  const { entries } = await scan([root]);
  writeFileSync(join(root, 'a'), 'something longer');
  rmSync(join(root, 'gone'));
  rmSync(join(root, 'turned'));
  symlinkSync('/etc/passwd', join(root, 'turned'));
  const skipped: string[] = [];
  unpack(await bytesOf(packFiles(entries.values(), { onSkipped: (path) => skipped.push(path) })));
  expect(readFileSync(join(out, root, 'a'), 'utf8')).toBe('something longer');
  expect(skipped).toEqual([join(root, 'gone'), join(root, 'turned')]);
});

test('a file that shrinks while it is read does not spoil the archive', async () => {
  writeFileSync(join(root, 'a'), Buffer.alloc(4 * 1024 * 1024, 1));
  writeFileSync(join(root, 'b'), 'whole');
  const { entries } = await scan([root]);
  const chunks = packFiles(entries.values())[Symbol.asyncIterator]();
  const first = await chunks.next();
  truncateSync(join(root, 'a'), 10);
  const rest: Uint8Array[] = [first.value as Uint8Array];
  for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) rest.push(next.value);
  unpack(Buffer.concat(rest));
  expect(readFileSync(join(out, root, 'b'), 'utf8')).toBe('whole');
});
