import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../../src/host/index.ts';
import { BlobFetches } from '../../../src/registries/blob-fetches.ts';
import type { BlobFetch } from '../../../src/registries/blob-fetch.ts';
import { Upstream } from '../../../src/registries/upstream.ts';
import { digestOf, FakeRegistry, QUICK } from './fake-registry.ts';

const BLOB = randomBytes(2_000_000);
const DIGEST = digestOf(BLOB);

function upstreamOf(fake: FakeRegistry): Upstream {
  const trust = { ca: [], insecure: false };
  const endpoint = { url: fake.url, trust, neighbour: 'own-host', isMirror: false } as const;
  return new Upstream({ registry: fake.host, endpoints: [endpoint], timing: QUICK });
}

async function readAll(fetch: BlobFetch): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of fetch.read()) parts.push(part);
  return Buffer.concat(parts);
}

test('downloads a blob once for all who want it, and leaves no file', async () => {
  await using fake = await FakeRegistry.start((_request, response) => {
    response.writeHead(200, { 'content-length': BLOB.length });
    response.end(BLOB);
  });
  await using directory = await temporaryDirectory();
  using upstream = upstreamOf(fake);
  const fetches = new BlobFetches(directory.path);
  const one = fetches.borrow('a', upstream, 'team/app', DIGEST);
  const other = fetches.borrow('a', upstream, 'team/app', DIGEST);
  const [first, second] = await Promise.all([readAll(one.fetch), readAll(other.fetch)]);
  expect(first.equals(BLOB) && second.equals(BLOB)).toBe(true);
  expect(await one.fetch.totalBytes()).toBe(BLOB.length);
  expect(fake.requests).toHaveLength(1);
  expect(readdirSync(directory.path)).toEqual([]);
  await fetches.close();
});

test('shares nothing between caches', async () => {
  await using fake = await FakeRegistry.start((_request, response) => void response.end(BLOB));
  await using directory = await temporaryDirectory();
  using upstream = upstreamOf(fake);
  const fetches = new BlobFetches(directory.path);
  const one = fetches.borrow('a', upstream, 'team/app', DIGEST);
  const other = fetches.borrow('b', upstream, 'team/app', DIGEST);
  await Promise.all([readAll(one.fetch), readAll(other.fetch)]);
  expect(fake.requests).toHaveLength(2);
  await fetches.close();
});

test('goes on where a connection was cut', async () => {
  await using fake = await FakeRegistry.start((request, response, count) => {
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const range = `bytes ${from}-${BLOB.length - 1}/${BLOB.length}`;
    response.writeHead(from === 0 ? 200 : 206, {
      'content-length': BLOB.length - from,
      ...(from === 0 ? {} : { 'content-range': range }),
    });
    if (count > 6) response.end(BLOB.subarray(from));
    else response.write(BLOB.subarray(from, from + 300_000), () => response.destroy());
  });
  await using directory = await temporaryDirectory();
  using upstream = upstreamOf(fake);
  const fetches = new BlobFetches(directory.path);
  const { fetch } = fetches.borrow('a', upstream, 'team/app', DIGEST);
  expect((await readAll(fetch)).equals(BLOB)).toBe(true);
  expect(fake.requests.slice(1).every(({ headers }) => headers.range !== undefined)).toBe(true);
  await fetches.close();
});

test('a registry that cannot begin in the middle sends it all again', async () => {
  await using fake = await FakeRegistry.start((_request, response, count) => {
    response.writeHead(200, { 'content-length': BLOB.length });
    if (count > 1) response.end(BLOB);
    else response.write(BLOB.subarray(0, 500_000), () => response.destroy());
  });
  await using directory = await temporaryDirectory();
  using upstream = upstreamOf(fake);
  const fetches = new BlobFetches(directory.path);
  const { fetch } = fetches.borrow('a', upstream, 'team/app', DIGEST);
  expect((await readAll(fetch)).equals(BLOB)).toBe(true);
  await fetches.close();
});

test('nobody gets the end of a blob that has the wrong digest', async () => {
  await using fake = await FakeRegistry.start(
    (_request, response) => void response.end(randomBytes(1_000_000)),
  );
  await using directory = await temporaryDirectory();
  using upstream = upstreamOf(fake);
  const fetches = new BlobFetches(directory.path);
  const { fetch } = fetches.borrow('a', upstream, 'team/app', DIGEST);
  await expect(readAll(fetch)).rejects.toMatchObject({ failure: { kind: 'invalid' } });
  expect(fetch.error?.message).toContain('wrong digest');
  await fetches.close();
});

test('a registry that sends more than it said, or the wrong part, is refused', async () => {
  await using fake = await FakeRegistry.start((_request, response) => {
    response.writeHead(206, { 'content-range': `bytes 5-${BLOB.length}/${BLOB.length}` });
    response.end(BLOB);
  });
  await using directory = await temporaryDirectory();
  using upstream = upstreamOf(fake);
  const fetches = new BlobFetches(directory.path);
  const { fetch } = fetches.borrow('a', upstream, 'team/app', DIGEST);
  await expect(fetch.totalBytes()).rejects.toMatchObject({ failure: { kind: 'invalid' } });
  await fetches.close();
});

test('a download whose readers have gone is ended', async () => {
  await using fake = await FakeRegistry.start((_request, response) => {
    response.writeHead(200, { 'content-length': BLOB.length });
    response.write(BLOB.subarray(0, 1_000));
  });
  await using directory = await temporaryDirectory();
  using upstream = upstreamOf(fake);
  const fetches = new BlobFetches(directory.path, 1);
  const { fetch, done } = fetches.borrow('a', upstream, 'team/app', DIGEST);
  await fetch.totalBytes();
  done();
  await expect.poll(() => fetch.error?.message).toContain('not waited for any more');
  await fetches.close();
});
