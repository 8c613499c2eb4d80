import { statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { createValidator, FailureSchema, type Route, routes } from '../../../src/contract/index.ts';
import { berthError } from '../../../src/errors/index.ts';
import * as files from '../../../src/host/index.ts';
import { createServer } from '../../../src/server/index.ts';
import { anEnvironment, anOperation, fakeServices } from './fake-services.ts';
import { ask, serve } from './harness.ts';

const up = { compose: 'services: {}', projectDirectory: '/srv/shop', variables: {} };

test('answers a call with what the service gives', async () => {
  const get = vi.fn(async (name: string) => anEnvironment(name));
  await using at = await serve(fakeServices({ environments: { get } }));
  const answer = await ask(at.path, '/v1/environments/shop');
  expect(answer).toMatchObject({ status: 200, json: anEnvironment('shop') });
  expect(get).toHaveBeenCalledWith('shop');
});

test('answers 202 with the operation, and hands on body and idempotency key', async () => {
  const start = vi.fn(async () => anOperation());
  const services = fakeServices({
    environments: { up: start },
    operations: { findByKey: async () => undefined },
  });
  await using at = await serve(services);
  const headers = { 'idempotency-key': 'abc-1' };
  expect(await ask(at.path, '/v1/environments', { method: 'POST', body: up, headers })).toMatchObject({
    status: 202,
    json: anOperation(),
  });
  const idempotencyKey = expect.stringMatching(/^abc-1 [0-9a-f]{64}$/) as string;
  expect(start).toHaveBeenCalledWith(up, { idempotencyKey });
});

test('the same idempotency key starts one operation, also when two requests come at once', async () => {
  let known: ReturnType<typeof anOperation> | undefined;
  const start = vi.fn(async () => {
    await new Promise((resolve) => setImmediate(resolve));
    known = anOperation();
    return known;
  });
  const findByKey = async () => known;
  await using at = await serve(fakeServices({ environments: { up: start }, operations: { findByKey } }));
  const request = { method: 'POST', body: up, headers: { 'idempotency-key': 'k' } };
  const answers = await Promise.all([1, 2, 3].map(() => ask(at.path, '/v1/environments', request)));
  expect(answers.map((answer) => answer.status)).toEqual([202, 202, 202]);
  expect(start).toHaveBeenCalledTimes(1);
});

test('a key stands for one request: route, path and body, in whatever order its fields are', async () => {
  const keys: (string | undefined)[] = [];
  const start = async (...call: readonly unknown[]) => {
    keys.push((call.at(-1) as { readonly idempotencyKey?: string }).idempotencyKey);
    return anOperation();
  };
  const environments = { up: start, start, stop: start };
  await using at = await serve(
    fakeServices({ environments, operations: { findByKey: async () => undefined } }),
  );
  const post = (path: string, body: object) =>
    ask(at.path, path, { method: 'POST', body, headers: { 'idempotency-key': 'k' } });
  await post('/v1/environments', up);
  await post('/v1/environments', Object.fromEntries(Object.entries(up).toReversed()));
  await post('/v1/environments', { ...up, compose: 'services: {a: {}}' });
  await post('/v1/environments/shop/stop', {});
  await post('/v1/environments/shop/start', {});
  await post('/v1/environments/other/stop', {});
  expect(keys[0]).toBe(keys[1]);
  expect(new Set(keys).size).toBe(5);
});

test('an absent body is an empty one', async () => {
  const stop = vi.fn(async () => anOperation());
  await using at = await serve(fakeServices({ environments: { stop } }));
  expect(await ask(at.path, '/v1/environments/shop/stop', { method: 'POST' })).toMatchObject({ status: 202 });
  const headers = { 'content-type': 'application/json' };
  expect(await ask(at.path, '/v1/environments/shop/stop', { method: 'POST', headers })).toMatchObject({
    status: 202,
  });
  expect(stop).toHaveBeenCalledWith('shop', {}, {});
});

test('answers 204 without a body where there is nothing to say', async () => {
  const remove = vi.fn(async () => undefined);
  await using at = await serve(fakeServices({ templates: { remove } }));
  expect(await ask(at.path, '/v1/templates/base', { method: 'DELETE' })).toMatchObject({
    status: 204,
    text: '',
  });
  expect(remove).toHaveBeenCalledWith('base');
});

test('the console is plain text', async () => {
  const console = vi.fn(async () => 'boot\r\n\u001b[1mlogin:');
  await using at = await serve(fakeServices({ environments: { console } }));
  const answer = await ask(at.path, '/v1/environments/shop/console?tail=100');
  expect(answer).toMatchObject({
    status: 200,
    type: 'text/plain; charset=utf-8',
    text: 'boot\r\n\u001b[1mlogin:',
  });
  expect(console).toHaveBeenCalledWith('shop', 100);
});

test('the daemon is asked to stop when the answer has been sent', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  await using at = await serve(fakeServices({ daemon: { requestStop: resolve } }));
  expect(await ask(at.path, '/v1/daemon/stop', { method: 'POST' })).toMatchObject({ status: 204 });
  await promise;
});

test.each<{
  title: string;
  url: string;
  request: Parameters<typeof ask>[2];
  status: number;
  failure: object;
}>([
  {
    title: 'every problem of a body',
    url: '/v1/environments',
    request: { method: 'POST', body: { compose: 1, projectDirectory: '/', extra: 1 } },
    status: 400,
    failure: {
      code: 'bad-request',
      problems: expect.arrayContaining([
        { path: 'compose', message: 'must be string' },
        { path: 'variables', message: 'is required' },
        { path: 'extra', message: 'is not a known field' },
      ]) as unknown,
    },
  },
  {
    title: 'a body that is no JSON',
    url: '/v1/forks',
    request: { method: 'POST', body: '{"source":', headers: { 'content-type': 'application/json' } },
    status: 400,
    failure: { code: 'bad-request', message: expect.stringContaining('not JSON') as string },
  },
  {
    title: 'a body of another type',
    url: '/v1/forks',
    request: { method: 'POST', body: 'source: a', headers: { 'content-type': 'application/yaml' } },
    status: 400,
    failure: { code: 'bad-request', message: 'The body must be application/json' },
  },
  {
    title: 'a body that is too large',
    url: '/v1/environments',
    request: { method: 'POST', body: { ...up, compose: '#'.repeat(1024 * 1024) } },
    status: 413,
    failure: { code: 'payload-too-large' },
  },
  {
    title: 'a bad name in the path',
    url: '/v1/environments/..%2Fetc',
    request: {},
    status: 400,
    failure: { code: 'bad-request', problems: [{ path: 'name' }] },
  },
  {
    title: 'a path that cannot be decoded',
    url: '/v1/environments/%E0%A4%A',
    request: {},
    status: 400,
    failure: { code: 'bad-request' },
  },
  {
    title: 'an unknown parameter',
    url: '/v1/events?since=1',
    request: {},
    status: 400,
    failure: { code: 'bad-request', problems: [{ path: 'since', message: 'is not a known field' }] },
  },
  {
    title: 'a bad idempotency key',
    url: '/v1/forks',
    request: { method: 'POST', body: { source: 'a' }, headers: { 'idempotency-key': 'a b' } },
    status: 400,
    failure: { code: 'bad-request', problems: [{ path: 'idempotency-key' }] },
  },
  {
    title: 'an unknown path',
    url: '/v1/nothing',
    request: {},
    status: 404,
    failure: { code: 'not-found', message: 'There is no GET /v1/nothing', remedy: './berth api' },
  },
  {
    title: 'an unknown method',
    url: '/v1/version',
    request: { method: 'PUT' },
    status: 404,
    failure: { code: 'not-found' },
  },
  {
    title: 'a WebSocket path asked for without one',
    url: '/v1/environments/shop/shell',
    request: {},
    status: 400,
    failure: { code: 'bad-request', message: 'This path speaks WebSocket only' },
  },
])('refuses $title with a failure', async ({ url, request, status, failure }) => {
  await using at = await serve(fakeServices({}));
  const answer = await ask(at.path, url, request);
  expect(answer.json).toMatchObject(failure);
  expect(answer.status).toBe(status);
  expect(createValidator(FailureSchema)(answer.json)).toEqual([]);
});

test('a failure of a service keeps its code, remedy and problems, with the status of the registry', async () => {
  const problems = [{ path: 'services.web', message: 'has no image', line: 3, column: 5 }];
  const start = async () => {
    throw berthError('compose-invalid', 'The file has a problem', { remedy: 'see line 3', problems });
  };
  await using at = await serve(fakeServices({ environments: { up: start } }));
  const answer = await ask(at.path, '/v1/environments', { method: 'POST', body: up });
  const expected = {
    code: 'compose-invalid',
    message: 'The file has a problem',
    remedy: 'see line 3',
    problems,
  };
  expect(answer).toMatchObject({ status: berthError('compose-invalid', '').status, json: expected });
  expect(at.logged).toEqual([]);
});

test('a defect is answered as internal and logged with its cause', async () => {
  const list = () => Promise.reject(new TypeError('x is undefined'));
  await using at = await serve(fakeServices({ images: { list } }));
  expect(await ask(at.path, '/v1/images')).toMatchObject({ status: 500, json: { code: 'internal' } });
  expect(at.logged).toMatchObject([
    { message: 'request failed', data: { url: '/v1/images', err: { name: 'TypeError' } } },
  ]);
});

test('every route is served', async () => {
  await using at = await serve(fakeServices({}));
  const params: Record<string, string> = { name: 'shop', ref: 'base', id: 'op-0123456789ab' };
  const unserved: string[] = [];
  for (const { method, path } of Object.values<Route>(routes)) {
    if (path === '/daemon/stop') continue;
    const url = `/v1${path.replaceAll(/:(\w+)/g, (_, key: string) => params[key] ?? '')}`;
    const { status } = await ask(at.path, url, { method });
    // The services throw, the checks refuse; only an unknown route is 404 here.
    if (status === 404) unserved.push(`${method} ${url}`);
  }
  expect(unserved).toEqual([]);
});

test('the signal of a call aborts when its client goes', async () => {
  const { promise, resolve } = Promise.withResolvers<AbortSignal>();
  const report = (signal: AbortSignal) => {
    resolve(signal);
    return new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  };
  await using at = await serve(fakeServices({ host: { report } }));
  const client = new AbortController();
  const asking = ask(at.path, '/v1/host/report', { signal: client.signal }).catch(() => undefined);
  const signal = await promise;
  client.abort();
  await asking;
  await vi.waitFor(() => expect(signal.aborted).toBe(true));
});

test('the socket has the bits that were asked for and replaces what a dead daemon left', async () => {
  await using at = await serve(
    fakeServices({ daemon: { version: async () => ({ version: '1', apiVersion: 1, node: '24' }) } }),
  );
  expect(statSync(at.path).mode & 0o777).toBe(0o600);
  const left = `${at.path}.left`;
  writeFileSync(left, '');
  const second = await createServer({ services: fakeServices({}), log: { error: () => undefined }, files });
  await second.listen(left, { mode: 0o660, gid: process.getgid?.() ?? 0 });
  expect(statSync(left).mode & 0o777).toBe(0o660);
  await second.close();
  expect(await ask(at.path, '/v1/version')).toMatchObject({ status: 200 });
});

test('says that a path cannot be listened on', async () => {
  const server = await createServer({ services: fakeServices({}), log: { error: () => undefined }, files });
  const long = join('/tmp', 'x'.repeat(120));
  await expect(server.listen(long, { mode: 0o600 })).rejects.toMatchObject({ code: 'home-unusable' });
  await expect(server.listen('/nonexistent/a.sock', { mode: 0o600 })).rejects.toMatchObject({
    code: 'home-unusable',
  });
  await server.close();
});

test('close ends idle connections, lets a running call answer, and may be called twice', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const called = Promise.withResolvers<void>();
  const list = async () => {
    called.resolve();
    await promise;
    return [];
  };
  await using at = await serve(fakeServices({ environments: { list } }));
  const idle = connect(at.path);
  await new Promise<void>((done) => idle.once('connect', () => done()));
  const idleEnded = new Promise<void>((done) => idle.once('close', () => done()));
  idle.resume();
  const asking = ask(at.path, '/v1/environments');
  await called.promise;
  const begin = performance.now();
  const closing = at.server.close();
  resolve();
  expect(await asking).toMatchObject({ status: 200, json: [] });
  await closing;
  await idleEnded;
  expect(performance.now() - begin).toBeLessThan(1_500);
  await at.server.close();
});

test('what is no HTTP is refused with a failure', async () => {
  await using at = await serve(fakeServices({}));
  const socket = connect(at.path);
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  socket.end('this is no HTTP\r\n\r\n');
  await new Promise<void>((resolve) => socket.once('close', () => resolve()));
  expect(text).toMatch(/^HTTP\/1\.1 400 /);
  expect(JSON.parse(text.slice(text.indexOf('\r\n\r\n')))).toMatchObject({ code: 'bad-request' });
});

test('close does not wait long for a call that does not end', async () => {
  const called = Promise.withResolvers<void>();
  const list = () => {
    called.resolve();
    return new Promise<never>(() => undefined);
  };
  await using at = await serve(fakeServices({ environments: { list } }));
  const asking = ask(at.path, '/v1/environments').catch((error: unknown) => error);
  await called.promise;
  const begin = performance.now();
  await at.server.close();
  expect(performance.now() - begin).toBeLessThan(5_000);
  expect(await asking).toBeInstanceOf(Error);
});

test('a socket whose file was removed is opened again; who was connected stays so', async () => {
  await using at = await serve(fakeServices({ environments: { list: async () => [] } }));
  await files.removeTree(at.path);
  await at.server.listenAgain(at.path, { mode: 0o600 });
  expect(statSync(at.path).mode & 0o777).toBe(0o600);
  expect(await ask(at.path, '/v1/environments')).toMatchObject({ status: 200 });
});
