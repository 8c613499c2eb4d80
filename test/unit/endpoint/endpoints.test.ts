import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createEndpoints, type EndpointBackend } from '../../../src/endpoint/index.ts';

const OWNER = { id: 'env-000000000001', name: 'shop' };
const backend: EndpointBackend = {
  engineSocket: () => Promise.reject(new Error('not here')),
  mountRefusal: async () => undefined,
  portsSettled: async () => undefined,
};
let base: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'berth-sockets-'));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const make = (directory: string) => createEndpoints({ directory, log: { warn: () => undefined } });

test('a socket is there from open to close, for its owner only', async () => {
  const directory = join(base, 'docker');
  mkdirSync(directory);
  writeFileSync(join(directory, 'left.sock'), '');
  const endpoints = await make(directory);
  const path = endpoints.pathOf(OWNER);
  expect(path).toBe(join(directory, 'shop.sock'));
  await endpoints.open(OWNER, backend);
  await endpoints.open(OWNER, backend);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(existsSync(join(directory, 'left.sock'))).toBe(false);
  await endpoints.close(OWNER);
  await endpoints.close(OWNER);
  expect(existsSync(path)).toBe(false);
});

test('a name that makes the path too long for a socket gives way to the id', async () => {
  const directory = join(base, 'd'.repeat(107 - base.length - 1 - 1 - 'env-000000000001.sock'.length));
  const endpoints = await make(directory);
  const owner = { ...OWNER, name: 'n'.repeat(40) };
  expect(endpoints.pathOf(owner)).toBe(join(directory, 'env-000000000001.sock'));
  await endpoints.open(owner, backend);
  await endpoints.closeAll();
});

test('a directory that is too deep for any socket is told', async () => {
  const endpoints = await make(join(base, 'd'.repeat(100)));
  await expect(endpoints.open(OWNER, backend)).rejects.toMatchObject({ code: 'home-unusable' });
});
