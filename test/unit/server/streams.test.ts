import { expect, test, vi } from 'vitest';
import type { LogLine } from '../../../src/contract/index.ts';
import { berthError } from '../../../src/errors/index.ts';
import type { BerthEvent, Operation } from '../../../src/model/index.ts';
import { anOperation, fakeServices } from './fake-services.ts';
import { ask, serve } from './harness.ts';

function anEvent(sequence: number): BerthEvent {
  return { sequence, at: '2026-01-01T00:00:00.000Z', kind: 'test', subject: 'shop', message: 'two\nlines' };
}

async function* each<Value>(...values: readonly Value[]): AsyncGenerator<Value> {
  yield* values;
}

/** Values without end, until `signal`; then it returns. */
async function* endless<Value>(value: Value, signal: AbortSignal): AsyncGenerator<Value> {
  yield value;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
}

test('an operation is followed as server-sent events, one document each', async () => {
  const running = anOperation();
  const done = anOperation({ state: 'succeeded' });
  const watch = vi.fn(() => each<Operation>(running, done));
  await using at = await serve(fakeServices({ operations: { watch } }));
  const answer = await ask(at.path, `/v1/operations/${running.id}/events`);
  expect(answer).toMatchObject({ status: 200, type: 'text/event-stream; charset=utf-8' });
  expect(answer.text).toBe(`data: ${JSON.stringify(running)}\n\ndata: ${JSON.stringify(done)}\n\n`);
});

test('what is not there is an ordinary answer, not a stream', async () => {
  const watch = () => {
    throw berthError('not-found', 'There is no operation op-0123456789ab');
  };
  await using at = await serve(fakeServices({ operations: { watch } }));
  expect(await ask(at.path, '/v1/operations/op-0123456789ab/events')).toMatchObject({
    status: 404,
    json: { code: 'not-found' },
  });
});

test('events have their sequence as id; without follow the stream ends with the newest', async () => {
  const list = vi.fn(async () => [anEvent(3), anEvent(4)]);
  await using at = await serve(fakeServices({ events: { list } }));
  const answer = await ask(at.path, '/v1/events?after=2');
  expect(answer.text).toBe(
    `id: 3\ndata: ${JSON.stringify(anEvent(3))}\n\nid: 4\ndata: ${JSON.stringify(anEvent(4))}\n\n`,
  );
  expect(list).toHaveBeenCalledWith(2);
});

test('Last-Event-ID comes before the parameter, and nonsense in it is not heard', async () => {
  const list = vi.fn(async () => []);
  await using at = await serve(fakeServices({ events: { list } }));
  await ask(at.path, '/v1/events?after=2', { headers: { 'last-event-id': '7' } });
  await ask(at.path, '/v1/events?after=2', { headers: { 'last-event-id': 'x' } });
  await ask(at.path, '/v1/events');
  expect(list.mock.calls).toEqual([[7], [2], [0]]);
});

test('logs are lines of JSON', async () => {
  const line = { service: 'web', stream: 'stdout' as const, line: 'GET / "ü"' };
  const logs = vi.fn(async () => each<LogLine>(line, { ...line, stream: 'stderr' }));
  await using at = await serve(fakeServices({ environments: { logs } }));
  const answer = await ask(at.path, '/v1/environments/shop/logs?service=web&tail=2&timestamps=true');
  expect(answer.type).toBe('application/x-ndjson; charset=utf-8');
  expect(
    answer.text
      .trimEnd()
      .split('\n')
      .map((text) => JSON.parse(text) as unknown),
  ).toEqual([line, { ...line, stream: 'stderr' }]);
  expect(logs).toHaveBeenCalledWith('shop', {
    service: 'web',
    tail: 2,
    timestamps: true,
    follow: false,
    signal: expect.any(AbortSignal) as AbortSignal,
  });
});

test('a stream that fails after it began says so at its end', async () => {
  const failing = async function* () {
    yield { service: 'web', stream: 'stdout' as const, line: 'first' };
    throw berthError('guest-unreachable', 'The guest is gone');
  };
  const watch = async function* () {
    yield anOperation();
    throw berthError('store-corrupt', 'The store is damaged');
  };
  const services = fakeServices({ environments: { logs: async () => failing() }, operations: { watch } });
  await using at = await serve(services);
  const lines = (await ask(at.path, '/v1/environments/shop/logs')).text.trimEnd().split('\n');
  expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ failure: { code: 'guest-unreachable' } });
  const { text } = await ask(at.path, '/v1/operations/op-0123456789ab/events');
  expect(text).toMatch(/\n\nevent: failure\ndata: \{"code":"store-corrupt",.*\}\n\n$/);
});

test('the head of a stream is there before its first item', async () => {
  const follow = (_: number, signal: AbortSignal) => endless(anEvent(1), signal);
  await using at = await serve(fakeServices({ events: { follow } }));
  const seen = Promise.withResolvers<string>();
  const client = new AbortController();
  const asking = ask(at.path, '/v1/events?follow=true', { signal: client.signal, onData: seen.resolve });
  expect(await seen.promise).toContain('"sequence":1');
  client.abort();
  await expect(asking).rejects.toThrow();
});

test('a stream ends when its client goes', async () => {
  const given = Promise.withResolvers<AbortSignal>();
  const follow = (_: number, signal: AbortSignal) => {
    given.resolve(signal);
    return endless(anEvent(1), signal);
  };
  await using at = await serve(fakeServices({ events: { follow } }));
  const client = new AbortController();
  const asking = ask(at.path, '/v1/events?follow=true', { signal: client.signal }).catch(() => undefined);
  const signal = await given.promise;
  client.abort();
  await asking;
  await vi.waitFor(() => expect(signal.aborted).toBe(true));
});

test('streams end, and at once, when the server closes', async () => {
  const follow = (_: number, signal: AbortSignal) => endless(anEvent(1), signal);
  await using at = await serve(fakeServices({ events: { follow } }));
  const seen = Promise.withResolvers<string>();
  const asking = ask(at.path, '/v1/events?follow=true', { onData: seen.resolve });
  await seen.promise;
  const begin = performance.now();
  await at.server.close();
  expect(performance.now() - begin).toBeLessThan(1_500);
  expect((await asking).status).toBe(200);
});

test('a slow client holds the source back instead of filling memory', async () => {
  let produced = 0;
  const logs = async () =>
    (async function* () {
      const line = { service: 'web', stream: 'stdout' as const, line: 'x'.repeat(10_000) };
      for (; produced < 10_000; produced++) yield line;
    })();
  await using at = await serve(fakeServices({ environments: { logs } }));
  const { connect } = await import('node:net');
  const socket = connect(at.path);
  socket.pause();
  socket.write('GET /v1/environments/shop/logs HTTP/1.1\r\nhost: berth\r\n\r\n');
  await vi.waitFor(() => expect(produced).toBeGreaterThan(0));
  let before = -1;
  await vi.waitFor(
    () => {
      const still = before === produced;
      before = produced;
      expect(still).toBe(true);
    },
    { interval: 50 },
  );
  expect(produced).toBeLessThan(1_000);
  socket.destroy();
});
