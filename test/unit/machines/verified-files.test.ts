import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FileTrust, VerifiedFiles } from '../../../src/machines/index.ts';

const signal = AbortSignal.timeout(20_000);
const MOMENT = new Date('2026-01-01T00:00:00Z');
let directory: string;
let path: string;
let book: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'berth-verified-'));
  path = join(directory, 'file');
  book = join(directory, 'verified.json');
  write('as it was');
});
afterEach(async () => {
  for (const one of opened.splice(0)) await one.flush();
  rmSync(directory, { recursive: true, force: true });
});

/** Leaves the time of the last change what it was: only who reads it sees the change. */
function write(content: string): void {
  writeFileSync(path, content);
  utimesSync(path, MOMENT, MOMENT);
}

const fail = (error: Error) => {
  throw error;
};
const opened: VerifiedFiles[] = [];
const open = (bootId = 'boot') => {
  const verified = new VerifiedFiles(book, bootId, fail);
  opened.push(verified);
  return verified;
};

async function sealOf(): Promise<{ hash: string }> {
  return { hash: await new FileTrust().read(path, { signal }) };
}

/** Reads the file in one life of the daemon, hides a change, and asks in the next. */
async function laterVerdict(next: () => VerifiedFiles, seal?: { hash: string }): Promise<string> {
  const first = open();
  const known = await sealOf();
  expect(await new FileTrust(first).compare(path, known, { signal })).toBe('right');
  await first.flush();
  write('as it waS');
  return new FileTrust(next()).compare(path, seal ?? known, { signal });
}

test('a file that was read is not read again by the next daemon', async () => {
  expect(await laterVerdict(open)).toBe('right');
});

test('a file is read again after the host has booted', async () => {
  expect(await laterVerdict(() => open('another boot'))).toBe('changed');
});

test('a file of which another hash is written down is read again', async () => {
  expect(await laterVerdict(open, { hash: '0'.repeat(64) })).toBe('changed');
});

test('a file that was written to since is read again', async () => {
  const first = open();
  const seal = await sealOf();
  await new FileTrust(first).compare(path, seal, { signal });
  await first.flush();
  writeFileSync(path, 'as it waS');
  expect(await new FileTrust(open()).compare(path, seal, { signal })).toBe('changed');
});

test('a damaged book is none', async () => {
  for (const text of ['{', '7', '{"bootId":"boot","files":7}', '{"bootId":"boot"}']) {
    write('as it was');
    expect(
      await laterVerdict(() => {
        writeFileSync(book, text);
        return open();
      }),
    ).toBe('changed');
  }
});

test('what was found changed is not taken for right by the next daemon', async () => {
  const first = open();
  const trust = new FileTrust(first);
  const seal = await sealOf();
  await trust.compare(path, seal, { signal });
  write('as it waS');
  expect(await trust.compare(path, seal, { signal, anew: true })).toBe('changed');
  await first.flush();
  expect(await new FileTrust(open()).compare(path, seal, { signal })).toBe('changed');
});

test('files that are gone are forgotten, and nobody else may read the book', async () => {
  const first = open();
  const trust = new FileTrust(first);
  const gone = join(directory, 'gone');
  writeFileSync(gone, 'soon');
  await trust.read(gone, { signal });
  rmSync(gone);
  await trust.read(path, { signal });
  await first.flush();
  expect(Object.keys((JSON.parse(readFileSync(book, 'utf8')) as { files: object }).files)).toEqual([path]);
  expect(statSync(book).mode & 0o777).toBe(0o600);
});

test('a book that cannot be written is told of, and what was read counts all the same', async () => {
  mkdirSync(book);
  const told: Error[] = [];
  const verified = new VerifiedFiles(book, 'boot', (error) => told.push(error));
  const trust = new FileTrust(verified);
  const hash = await trust.read(path, { signal });
  await verified.flush();
  expect(told).toHaveLength(1);
  expect(await trust.compare(path, { hash }, { signal })).toBe('right');
});
