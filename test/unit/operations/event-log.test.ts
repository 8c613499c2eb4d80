import { beforeEach, expect, test } from 'vitest';
import type { BerthEvent } from '../../../src/model/index.ts';
import { createEventLog, type EventLog } from '../../../src/operations/index.ts';
import { openSqliteStore, type Store } from '../../../src/store/index.ts';

let store: Store;
let log: EventLog;
const now = () => new Date('2026-01-01T00:00:00Z');

beforeEach(async () => {
  store = await openSqliteStore({ path: ':memory:' });
  log = await createEventLog({ store, now, keep: 5 });
});

function append(count: number): void {
  for (let index = 0; index < count; index++) log.append('test.kind', 'shop', `event ${index}`);
}

async function take(events: AsyncIterable<BerthEvent>, count: number): Promise<number[]> {
  const taken: number[] = [];
  for await (const event of events) {
    taken.push(event.sequence);
    if (taken.length === count) break;
  }
  return taken;
}

test('numbers events from 1 and gives those after a sequence', () => {
  append(3);
  expect(log.list()).toMatchObject([{ sequence: 1 }, { sequence: 2 }, { sequence: 3 }]);
  expect(log.list(2)).toEqual([
    { sequence: 3, at: '2026-01-01T00:00:00.000Z', kind: 'test.kind', subject: 'shop', message: 'event 2' },
  ]);
  expect(log.list(3)).toEqual([]);
});

test('keeps only the newest, in memory and in the store', async () => {
  append(12);
  await log.flush();
  expect(log.list().map((event) => event.sequence)).toEqual([8, 9, 10, 11, 12]);
  expect(await store.list({ name: 'events' })).toHaveLength(5);
});

test('goes on numbering after a restart', async () => {
  append(7);
  await log.flush();
  const later = await createEventLog({ store, now, keep: 5 });
  expect(later.list()).toEqual(log.list());
  expect(later.append('k', 's', 'm').sequence).toBe(8);
});

test('follows what is there and what comes', async () => {
  append(2);
  const following = take(log.follow(1, new AbortController().signal), 3);
  append(2);
  expect(await following).toEqual([2, 3, 4]);
});

test('gives every event to several followers, slow ones too', async () => {
  const slow = log.follow(0, new AbortController().signal)[Symbol.asyncIterator]();
  const fast = take(log.follow(0, new AbortController().signal), 4);
  append(1);
  expect((await slow.next()).value).toMatchObject({ sequence: 1 });
  append(3);
  expect(await fast).toEqual([1, 2, 3, 4]);
  expect((await slow.next()).value).toMatchObject({ sequence: 2 });
  await slow.return?.();
});

test('lets a follower that is slower than the log is long miss events', async () => {
  const follower = log.follow(0, new AbortController().signal)[Symbol.asyncIterator]();
  append(1);
  await follower.next();
  append(20);
  expect((await follower.next()).value).toMatchObject({ sequence: 17 });
  await follower.return?.();
});

test('ends a follower at its signal, whether it waits or not', async () => {
  const abort = new AbortController();
  const waiting = take(log.follow(0, abort.signal), 1);
  abort.abort();
  expect(await waiting).toEqual([]);
  append(1);
  expect(await take(log.follow(0, abort.signal), 1)).toEqual([]);
});

test('gives new events to a follower that comes with a sequence of an earlier home', async () => {
  append(1);
  const following = take(log.follow(4711, new AbortController().signal), 1);
  append(1);
  expect(await following).toEqual([2]);
});

test('tells followers also when the store fails, and says so', async () => {
  const errors: unknown[] = [];
  log = await createEventLog({ store, now, onError: (error) => errors.push(error) });
  await store.close();
  append(1);
  await log.flush();
  expect(await take(log.follow(0, new AbortController().signal), 1)).toEqual([1]);
  expect(errors).toHaveLength(1);
});
