import { expect, test } from 'vitest';
import type { Credential } from '../../../src/registries/credential.ts';
import type { HttpAnswer } from '../../../src/registries/http-door.ts';
import { PullError } from '../../../src/registries/pull-failure.ts';
import { Upstream } from '../../../src/registries/upstream.ts';
import { FakeRegistry, QUICK } from './fake-registry.ts';

const SPEC = { method: 'GET', path: '/v2/team/app/manifests/1', repository: 'team/app' } as const;

function upstreamOf(fake: FakeRegistry, credential?: Credential, mirror?: FakeRegistry): Upstream {
  const trust = { ca: [], insecure: false };
  const mirrors =
    mirror === undefined ? [] : [{ url: mirror.url, trust, neighbour: 'own-host', isMirror: true } as const];
  const own = { url: fake.url, trust, neighbour: 'own-host', isMirror: false } as const;
  return new Upstream({ registry: fake.host, endpoints: [...mirrors, own], credential, timing: QUICK });
}

async function textOf(answer: HttpAnswer): Promise<string> {
  let text = '';
  for await (const part of answer.body) text += String(part);
  return text;
}

async function failureOf(work: Promise<unknown>): Promise<PullError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof PullError) return error;
  throw new Error(`no failure of a pull: ${String(error)}`);
}

test('tries again after a cut connection and a server error, until there is an answer', async () => {
  await using fake = await FakeRegistry.start((_request, response, count) => {
    if (count === 1) response.destroy();
    else if (count === 2) response.writeHead(503).end();
    else response.end('fine');
  });
  using upstream = upstreamOf(fake);
  expect(await upstream.request(SPEC, textOf)).toBe('fine');
  expect(fake.requests).toHaveLength(3);
});

test.each([
  [401, 'denied', 1],
  [403, 'denied', 1],
  [404, 'missing', 1],
  [418, 'invalid', 1],
  [500, 'unreachable', 4],
] as const)('%i is %s', async (status, kind, tries) => {
  await using fake = await FakeRegistry.start((_request, response) => void response.writeHead(status).end());
  using upstream = upstreamOf(fake);
  const { failure } = await failureOf(upstream.request(SPEC, textOf));
  expect(failure).toMatchObject({ kind, registry: fake.host });
  expect(failure.message).toContain(String(status));
  expect(fake.requests).toHaveLength(tries);
});

test('tells how long a registry wants to be left alone, and does not ask it again before', async () => {
  await using fake = await FakeRegistry.start(
    (_request, response) => void response.writeHead(429, { 'retry-after': '3600' }).end(),
  );
  using upstream = upstreamOf(fake);
  const { failure } = await failureOf(upstream.request(SPEC, textOf));
  expect(failure).toMatchObject({ kind: 'limited', retryAfterMs: 3_600_000 });
  expect(fake.requests).toHaveLength(1);
});

test('waits as long as a registry asks when that is short', async () => {
  await using fake = await FakeRegistry.start((_request, response, count) => {
    if (count === 1) response.writeHead(429, { 'retry-after': '0' }).end();
    else response.end('fine');
  });
  using upstream = upstreamOf(fake);
  expect(await upstream.request(SPEC, textOf)).toBe('fine');
});

test.each([
  ['says nothing', () => undefined],
  ['stops in the middle', (response: import('node:http').ServerResponse) => void response.write('half')],
])('a registry that %s is a time-out', async (_title, act) => {
  await using fake = await FakeRegistry.start((_request, response) => act(response));
  using upstream = upstreamOf(fake);
  const { failure } = await failureOf(upstream.request(SPEC, textOf));
  expect(failure.kind).toBe('unreachable');
  expect(failure.message).toContain('time-out');
});

test('gets a token with the credentials, and uses it again', async () => {
  await using fake = await FakeRegistry.start((request, response) => {
    const url = new URL(request.url ?? '', fake.url);
    if (url.pathname === '/token') {
      const right = request.headers.authorization === `Basic ${Buffer.from('ann:s3cret').toString('base64')}`;
      expect(url.searchParams.get('scope')).toBe('repository:team/app:pull');
      response.writeHead(right ? 200 : 401).end(JSON.stringify({ token: 'tok', expires_in: 300 }));
    } else if (request.headers.authorization === 'Bearer tok') response.end('fine');
    else {
      const challenge = `Bearer realm="${fake.url}/token",service="fake",scope="repository:team/app:pull"`;
      response.writeHead(401, { 'www-authenticate': challenge }).end();
    }
  });
  using upstream = upstreamOf(fake, { username: 'ann', password: 's3cret' });
  expect(await upstream.request(SPEC, textOf)).toBe('fine');
  expect(await upstream.request(SPEC, textOf)).toBe('fine');
  expect(fake.requests.map(({ url }) => url?.split('?')[0])).toEqual([
    SPEC.path,
    '/token',
    SPEC.path,
    SPEC.path,
  ]);
  using wrong = upstreamOf(fake, { username: 'ann', password: 'wr0ng' });
  const { failure } = await failureOf(wrong.request(SPEC, textOf));
  expect(failure.kind).toBe('denied');
  expect(failure.message).not.toContain('wr0ng');
});

test('answers a Basic challenge, and says so when there is nothing to answer with', async () => {
  await using fake = await FakeRegistry.start((request, response) => {
    if (request.headers.authorization === undefined)
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
    else response.end('fine');
  });
  using upstream = upstreamOf(fake, { username: 'ann', password: 's3cret' });
  expect(await upstream.request(SPEC, textOf)).toBe('fine');
  using nobody = upstreamOf(fake);
  expect((await failureOf(nobody.request(SPEC, textOf))).failure.kind).toBe('denied');
});

test('takes no credentials along to another host', async () => {
  await using elsewhere = await FakeRegistry.start((_request, response) => void response.end('fine'));
  await using fake = await FakeRegistry.start((request, response) => {
    if (request.headers.authorization === undefined)
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
    else response.writeHead(307, { location: `${elsewhere.url}/blob` }).end();
  });
  using upstream = upstreamOf(fake, { username: 'ann', password: 's3cret' });
  expect(await upstream.request(SPEC, textOf)).toBe('fine');
  expect(elsewhere.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
});

test.each([
  ['/again', 'without end'],
  ['ftp://example.com/', 'an address that is none'],
])('a redirect to %s is refused', async (location, words) => {
  await using fake = await FakeRegistry.start(
    (_request, response) => void response.writeHead(302, { location }).end(),
  );
  using upstream = upstreamOf(fake);
  const { failure } = await failureOf(upstream.request(SPEC, textOf));
  expect(failure.kind).toBe('invalid');
  expect(failure.message).toContain(words);
});

test('a registry elsewhere cannot refer to addresses of this host or its cloud', async () => {
  for (const host of ['127.0.0.1:1', '169.254.169.254', '[::1]:1']) {
    await using fake = await FakeRegistry.start(
      (_request, response) => void response.writeHead(302, { location: `http://${host}/x` }).end(),
    );
    const trust = { ca: [], insecure: false };
    const endpoint = { url: fake.url, trust, neighbour: 'registry', isMirror: false } as const;
    using upstream = new Upstream({ registry: fake.host, endpoints: [endpoint], timing: QUICK });
    const { failure } = await failureOf(upstream.request(SPEC, textOf));
    expect(failure.kind).toBe('invalid');
    expect(failure.message).toContain('an address of this host');
  }
});

test('asks a mirror first, without credentials, and the registry when the mirror has it not', async () => {
  await using mirror = await FakeRegistry.start((_request, response) => void response.writeHead(404).end());
  await using fake = await FakeRegistry.start((_request, response) => void response.end('fine'));
  using upstream = upstreamOf(fake, { username: 'ann', password: 's3cret' }, mirror);
  expect(await upstream.request(SPEC, textOf)).toBe('fine');
  expect(mirror.requests).toHaveLength(1);
});

test('a registry that is down is not waited for again at once', async () => {
  const fake = await FakeRegistry.start(() => undefined);
  const { host, url } = fake;
  await fake[Symbol.asyncDispose]();
  const endpoint = {
    url,
    trust: { ca: [], insecure: false },
    neighbour: 'own-host',
    isMirror: false,
  } as const;
  const timing = { ...QUICK, backOffMs: [100], restMs: 60_000 };
  using upstream = new Upstream({ registry: host, endpoints: [endpoint], timing });
  expect((await failureOf(upstream.request(SPEC, textOf))).failure.message).toContain('refuses connections');
  const startedAt = performance.now();
  await failureOf(upstream.request(SPEC, textOf));
  expect(performance.now() - startedAt).toBeLessThan(50);
});
