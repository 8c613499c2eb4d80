import { expect, test } from 'vitest';
import { createClient, failureFrom } from '../../../src/client/index.ts';
import { berthError } from '../../../src/errors/index.ts';
import { anEnvironment, anOperation } from '../server/fake-services.ts';
import { fakeTransport } from './fake-transport.ts';

const lost = berthError('daemon-not-running', 'The connection was lost');
const up = { compose: 'services: {}', projectDirectory: '/srv/shop', variables: {} };

test('asks for a route with its parameters and gives the document', async () => {
  const transport = fakeTransport({ json: anEnvironment('shop') });
  expect(await createClient(transport).environments.get('shop')).toEqual(anEnvironment('shop'));
  expect(transport.requests).toMatchObject([
    { method: 'GET', path: '/v1/environments/shop', headers: { accept: 'application/json' } },
  ]);
  expect(transport.requests[0]).not.toHaveProperty('body');
});

test('escapes what goes into a path or query', async () => {
  const transport = fakeTransport({ json: {} });
  const client = createClient(transport);
  await client.environments.get('a/b?c');
  await client.environments.console('shop', 10);
  expect(transport.requests.map((request) => request.path)).toEqual([
    '/v1/environments/a%2Fb%3Fc',
    '/v1/environments/shop/console?tail=10',
  ]);
});

test('sends bodies as JSON, and a key of its own with each call that starts an operation', async () => {
  const transport = fakeTransport({ status: 202, json: anOperation() });
  const client = createClient(transport);
  await client.environments.up(up);
  await client.environments.up(up);
  await client.environments.stop('shop', { force: true }, { idempotencyKey: 'mine' });
  const [first, second, third] = transport.requests;
  expect(JSON.parse(first?.body ?? '')).toEqual(up);
  expect(first?.headers).toMatchObject({ 'content-type': 'application/json' });
  expect(first?.headers['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/);
  expect(second?.headers['idempotency-key']).not.toBe(first?.headers['idempotency-key']);
  expect(third).toMatchObject({ path: '/v1/environments/shop/stop', headers: { 'idempotency-key': 'mine' } });
});

test('reads characters that are cut between two pieces', async () => {
  const bytes = new TextEncoder().encode('"ü€😀"');
  const transport = fakeTransport({});
  transport.request = async () => ({
    status: 200,
    headers: {},
    body: (async function* () {
      for (const byte of bytes) yield new Uint8Array([byte]);
    })(),
  });
  expect(await createClient(transport).environments.console('shop')).toBe('"ü€😀"');
});

test('throws the failure of the daemon with its code, remedy and problems', async () => {
  const failure = {
    code: 'compose-invalid',
    message: 'The file has a problem',
    remedy: 'see line 3',
    problems: [{ path: 'services', message: 'is empty', line: 3 }],
  };
  const client = createClient(fakeTransport({ status: 422, json: failure }));
  await expect(client.environments.up(up)).rejects.toMatchObject({ name: 'BerthError', ...failure });
});

test('takes a code it does not know, and a body that is no failure, as internal', () => {
  const newer = failureFrom(418, JSON.stringify({ code: 'teapot', message: 'Tea only', remedy: 'brew' }));
  expect(newer).toMatchObject({ code: 'internal', message: 'Tea only (teapot)', remedy: 'brew' });
  for (const body of ['', '<html>', '{}', 'null', '{"code":"not-found","message":1,"remedy":""}']) {
    expect(failureFrom(502, body)).toMatchObject({
      code: 'internal',
      message: expect.stringContaining('502') as string,
    });
  }
  expect(failureFrom(400, '{"code":"toString","message":"m","remedy":"r"}').code).toBe('internal');
});

test('asks once more when the connection was lost, with the same key', async () => {
  const transport = fakeTransport(lost, { status: 202, json: anOperation() });
  expect(await createClient(transport).environments.up(up)).toEqual(anOperation());
  const [first, second] = transport.requests;
  expect(second).toEqual(first);
});

test('does not ask again for what must not be done twice, nor more than once more', async () => {
  const stop = fakeTransport(lost);
  await expect(createClient(stop).daemon.stop()).rejects.toBe(lost);
  expect(stop.requests).toHaveLength(1);
  const list = fakeTransport(lost);
  await expect(createClient(list).environments.list()).rejects.toBe(lost);
  expect(list.requests).toHaveLength(2);
});

test('a call has a deadline that names what was asked', async () => {
  const transport = fakeTransport({});
  transport.request = ({ signal }) =>
    new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
  await expect(createClient(transport).version({ timeoutMs: 5 })).rejects.toMatchObject({
    code: 'timeout',
    message: 'The daemon did not answer GET /v1/version within 5 ms',
  });
});

test('an aborted call is cancelled', async () => {
  const client = createClient(fakeTransport({ json: [] }));
  await expect(client.images.list({ signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: 'cancelled',
  });
});
