import { expect, test, vi } from 'vitest';
import { createClient } from '../../../src/client/index.ts';
import { berthError } from '../../../src/errors/index.ts';
import type { BerthEvent, Operation } from '../../../src/model/index.ts';
import { anOperation } from '../server/fake-services.ts';
import { fakeTransport } from './fake-transport.ts';

const lost = berthError('daemon-not-running', 'The connection was lost');
const running = anOperation();
const done = anOperation({ state: 'succeeded', result: { names: ['shop'] } });
const failed = anOperation({
  state: 'failed',
  error: { code: 'disk-full', message: 'No room', remedy: 'make room' },
});
const data = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`;
const withId = (event: BerthEvent) => `id: ${event.sequence}\n${data(event)}`;

function anEvent(sequence: number): BerthEvent {
  return { sequence, at: '2026-01-01T00:00:00.000Z', kind: 'test', subject: 'shop', message: 'm' };
}

async function* thenLost(...pieces: readonly string[]): AsyncGenerator<string> {
  yield* pieces;
  throw lost;
}

test('waits for the end of an operation and tells of every change', async () => {
  const transport = fakeTransport({ pieces: [data(running), ': alive\n\n', data(done)] });
  const onUpdate = vi.fn<(operation: Operation) => void>();
  expect(await createClient(transport).waitOperation(running.id, { onUpdate })).toEqual(done);
  expect(onUpdate.mock.calls).toEqual([[running], [done]]);
  expect(transport.requests).toMatchObject([
    { path: `/v1/operations/${running.id}/events`, headers: { accept: 'text/event-stream' } },
  ]);
});

test('reads events that are cut anywhere, with any line ends', async () => {
  const text = `${data(running)}event: message\r\ndata: ${JSON.stringify(done)}\r\n\r\n`;
  const client = createClient(fakeTransport({ pieces: text.split('') }));
  const seen: Operation[] = [];
  for await (const operation of client.operations.watch(running.id)) seen.push(operation);
  expect(seen).toEqual([running, done]);
});

test('connects again when the stream breaks, ends early, or nobody answers for a moment', async () => {
  const transport = fakeTransport(
    { pieces: thenLost(data(running)) },
    lost,
    { pieces: [data(running), 'data: {"cut'] },
    { pieces: [data(done)] },
  );
  expect(await createClient(transport).waitOperation(running.id)).toEqual(done);
  expect(transport.requests).toHaveLength(4);
});

test('does not connect again for what the daemon refuses', async () => {
  const failure = { code: 'not-found', message: 'There is no operation', remedy: 'look' };
  const transport = fakeTransport({ status: 404, json: failure });
  await expect(createClient(transport).waitOperation(running.id)).rejects.toMatchObject(failure);
  expect(transport.requests).toHaveLength(1);
});

test('throws what a stream says of its own failure', async () => {
  const failure = { code: 'store-corrupt', message: 'The store is damaged', remedy: 'restore' };
  const transport = fakeTransport({ pieces: [data(running), `event: failure\n${data(failure)}`] });
  await expect(createClient(transport).waitOperation(running.id)).rejects.toMatchObject(failure);
});

test('gives up when nobody answers for long', async () => {
  vi.useFakeTimers();
  try {
    const transport = fakeTransport(lost);
    const waiting = createClient(transport).waitOperation(running.id);
    waiting.catch(() => undefined);
    await vi.advanceTimersByTimeAsync(60_000);
    await expect(waiting).rejects.toBe(lost);
    expect(transport.requests.length).toBeGreaterThan(10);
  } finally {
    vi.useRealTimers();
  }
});

test('finishOperation throws the failure of an operation that failed', async () => {
  const succeed = createClient(fakeTransport({ pieces: [data(done)] }));
  expect(await succeed.finishOperation(done.id)).toEqual(done);
  const fail = createClient(fakeTransport({ pieces: [data(failed)] }));
  await expect(fail.finishOperation(failed.id)).rejects.toMatchObject({
    code: 'disk-full',
    remedy: 'make room',
  });
});

test('ends a wait at its signal', async () => {
  const abort = new AbortController();
  const transport = fakeTransport({
    pieces: (async function* () {
      yield data(running);
      abort.abort(new Error('enough'));
    })(),
  });
  const waiting = createClient(transport).waitOperation(running.id, { signal: abort.signal });
  await expect(waiting).rejects.toThrow('enough');
});

test('gives events, and ends with the newest unless they are followed', async () => {
  const transport = fakeTransport({ pieces: [withId(anEvent(1)), withId(anEvent(2))] });
  const sequences: number[] = [];
  for await (const event of createClient(transport).events.stream({ after: 0 }))
    sequences.push(event.sequence);
  expect(sequences).toEqual([1, 2]);
  expect(transport.requests.map((request) => request.path)).toEqual(['/v1/events?after=0']);
});

test('follows events across a lost connection from where it was', async () => {
  const transport = fakeTransport({ pieces: thenLost(withId(anEvent(7))) }, { pieces: [withId(anEvent(8))] });
  const sequences: number[] = [];
  for await (const event of createClient(transport).events.stream({ follow: true })) {
    sequences.push(event.sequence);
    if (sequences.length === 2) break;
  }
  expect(sequences).toEqual([7, 8]);
  expect(transport.requests.map((request) => request.headers['last-event-id'])).toEqual([undefined, '7']);
});

test('a signal ends a stream of events without an error, also between two tries', async () => {
  const abort = new AbortController();
  const transport = fakeTransport({ pieces: [withId(anEvent(1))] }, lost);
  const seen: BerthEvent[] = [];
  for await (const event of createClient(transport).events.stream({ follow: true, signal: abort.signal })) {
    seen.push(event);
    abort.abort();
  }
  expect(seen).toHaveLength(1);
});

test('reads logs line by line and throws what the last line says', async () => {
  const line = { service: 'web', stream: 'stdout', line: 'GET /' };
  const failure = { code: 'guest-unreachable', message: 'gone', remedy: 'look' };
  const pieces = [`${JSON.stringify(line)}\n${JSON.stringify(line)}`, `\n\n${JSON.stringify({ failure })}\n`];
  const transport = fakeTransport({ pieces });
  const seen: unknown[] = [];
  const reading = (async () => {
    for await (const each of createClient(transport).environments.logs('shop', { tail: 2 })) seen.push(each);
  })();
  await expect(reading).rejects.toMatchObject(failure);
  expect(seen).toEqual([line, line]);
  expect(transport.requests[0]?.path).toBe('/v1/environments/shop/logs?tail=2');
});
