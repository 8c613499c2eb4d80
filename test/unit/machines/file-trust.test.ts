import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FileTrust } from '../../../src/machines/index.ts';

const signal = AbortSignal.timeout(20_000);
let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'berth-trust-'));
  path = join(directory, 'file');
  writeFileSync(path, 'as it was');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('a file without a hash is right as long as nobody wrote to it', async () => {
  const seal = await new FileTrust().note(path);
  const later = new FileTrust();
  expect(await later.compare(path, seal, { signal })).toBe('right');
  writeFileSync(path, 'as it wasn’t');
  expect(await later.compare(path, seal, { signal })).toBe('unknown');
  rmSync(path);
  expect(await later.compare(path, seal, { signal })).toBe('missing');
});

test('a file with a hash may be copied to another place, and not be changed', async () => {
  const trust = new FileTrust();
  const seal = await trust.hash(path, await trust.note(path), { signal });
  expect(seal?.hash).toMatch(/^[0-9a-f]{64}$/);
  const copy = join(directory, 'copy');
  writeFileSync(copy, 'as it was');
  expect(await new FileTrust().compare(copy, seal ?? {}, { signal })).toBe('right');
  writeFileSync(copy, 'as it Was');
  expect(await new FileTrust().compare(copy, seal ?? {}, { signal })).toBe('changed');
});

test('a change that hides itself is found by who reads anew', async () => {
  const trust = new FileTrust();
  const moment = new Date('2026-01-01T00:00:00Z');
  utimesSync(path, moment, moment);
  const seal = (await trust.hash(path, await trust.note(path), { signal })) ?? {};
  writeFileSync(path, 'as it waS');
  utimesSync(path, moment, moment);
  expect(await trust.compare(path, seal, { signal })).toBe('right');
  expect(await trust.compare(path, seal, { signal, anew: true })).toBe('changed');
  // And is believed from then on.
  expect(await trust.compare(path, seal, { signal })).toBe('changed');
});

test('there is no hash of a file that was written to while it was read', async () => {
  const trust = new FileTrust();
  const seal = await trust.note(path);
  writeFileSync(path, 'something else');
  expect(await trust.hash(path, seal, { signal })).toBeUndefined();
});
