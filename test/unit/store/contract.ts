import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defineCollection, type Change, type Store } from '../../../src/store/index.ts';

interface Boat {
  readonly name: string;
  readonly crew?: number;
}

const boats = defineCollection<Boat>('boats');
const ships = defineCollection<Boat>('ships');

/** What every store must do, whatever it is made of. */
export function storeContract(title: string, open: () => Promise<Store>): void {
  describe(`store contract: ${title}`, () => {
    let store: Store;
    beforeEach(async () => {
      store = await open();
    });
    afterEach(() => store.close());

    documents(() => store);
    compareAndSet(() => store);
    watching(() => store);

    test('rejects every call after it was closed', async () => {
      await store.close();
      await store.close();
      await expect(store.get(boats, 'a')).rejects.toMatchObject({ name: 'BerthError' });
      await expect(store.put(boats, 'a', { name: 'Ada' })).rejects.toMatchObject({ name: 'BerthError' });
    });
  });
}

function documents(store: () => Store): void {
  test('gives back what was put, and nothing for what was not', async () => {
    const written = await store().put(boats, 'a', { name: 'Ada', crew: 0 });
    expect(await store().get(boats, 'a')).toEqual({
      key: 'a',
      version: written.version,
      value: { name: 'Ada', crew: 0 },
    });
    expect(await store().get(boats, 'b')).toBeUndefined();
    expect(await store().get(ships, 'a')).toBeUndefined();
  });

  test('keeps absent fields absent and text as it is', async () => {
    await store().put(boats, 'a', { name: "O'Hara \u0000 \n \u{1F6A2}" });
    expect((await store().get(boats, 'a'))?.value).toEqual({ name: "O'Hara \u0000 \n \u{1F6A2}" });
  });

  test('lists one collection in the order of keys', async () => {
    for (const key of ['c', 'a', 'b']) await store().put(boats, key, { name: key });
    await store().put(ships, 'z', { name: 'z' });
    expect((await store().list(boats)).map((boat) => boat.key)).toEqual(['a', 'b', 'c']);
  });

  test('says whether a delete removed anything', async () => {
    await store().put(boats, 'a', { name: 'Ada' });
    expect(await store().delete(boats, 'a')).toBe(true);
    expect(await store().delete(boats, 'a')).toBe(false);
    expect(await store().list(boats)).toEqual([]);
  });

  test('takes relaxed writes and reads them at once', async () => {
    await store().put(boats, 'a', { name: 'Ada' }, { durability: 'relaxed' });
    expect((await store().get(boats, 'a'))?.value.name).toBe('Ada');
  });

  test('does not share objects with those who wrote or read', async () => {
    const value = { name: 'Ada', crew: 1 };
    await store().put(boats, 'a', value);
    value.crew = 2;
    expect((await store().get(boats, 'a'))?.value.crew).toBe(1);
  });
}

function compareAndSet(store: () => Store): void {
  test('versions grow with every write and are not used again', async () => {
    const first = await store().put(boats, 'a', { name: 'Ada' });
    const second = await store().put(boats, 'a', { name: 'Eve' });
    await store().delete(boats, 'a');
    const third = await store().put(boats, 'a', { name: 'Ada' });
    expect(second.version).toBeGreaterThan(first.version);
    expect(third.version).toBeGreaterThan(second.version);
  });

  test('writes when the version holds and refuses when it does not', async () => {
    const first = await store().put(boats, 'a', { name: 'Ada' }, { ifVersion: 0 });
    await store().put(boats, 'a', { name: 'Eve' }, { ifVersion: first.version });
    const stale = store().put(boats, 'a', { name: 'Bob' }, { ifVersion: first.version });
    await expect(stale).rejects.toMatchObject({ code: 'conflict' });
    expect((await store().get(boats, 'a'))?.value.name).toBe('Eve');
  });

  test('refuses to create what is there and to delete what has changed', async () => {
    const first = await store().put(boats, 'a', { name: 'Ada' });
    await expect(store().put(boats, 'a', { name: 'Eve' }, { ifVersion: 0 })).rejects.toMatchObject({
      code: 'conflict',
    });
    const second = await store().put(boats, 'a', { name: 'Eve' });
    await expect(store().delete(boats, 'a', { ifVersion: first.version })).rejects.toMatchObject({
      code: 'conflict',
    });
    expect(await store().delete(boats, 'a', { ifVersion: second.version })).toBe(true);
  });

  test('lets one of many writers of the same version win', async () => {
    const { version } = await store().put(boats, 'a', { name: 'Ada' });
    const writes = Array.from({ length: 10 }, (_, crew) =>
      store().put(boats, 'a', { name: 'Ada', crew }, { ifVersion: version }),
    );
    const results = await Promise.allSettled(writes);
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
  });

  test('goes on working after a refused write', async () => {
    await expect(store().put(boats, 'a', { name: 'Ada' }, { ifVersion: 7 })).rejects.toThrow();
    await store().put(boats, 'a', { name: 'Eve' });
    expect((await store().get(boats, 'a'))?.value.name).toBe('Eve');
  });
}

function watching(store: () => Store): void {
  test('tells a watcher what changed after the call, in order', async () => {
    await store().put(boats, 'before', { name: 'x' });
    const abort = new AbortController();
    const changes = store().watch(boats, abort.signal);
    await store().put(boats, 'a', { name: 'Ada' });
    await store().put(ships, 'other', { name: 'x' });
    await store().put(boats, 'b', { name: 'Bob' });
    await store().delete(boats, 'before');
    expect(summary(await take(changes, 3))).toEqual(['put a Ada', 'put b Bob', 'delete before']);
  });

  test('wakes a watcher that already waits', async () => {
    const abort = new AbortController();
    const reading = take(store().watch(boats, abort.signal), 1);
    await store().put(boats, 'a', { name: 'Ada' });
    expect(summary(await reading)).toEqual(['put a Ada']);
  });

  test('keeps only the last unread change of a document', async () => {
    const abort = new AbortController();
    const changes = store().watch(boats, abort.signal);
    for (let crew = 0; crew < 1000; crew++) await store().put(boats, 'a', { name: `Ada ${crew}` });
    await store().put(boats, 'b', { name: 'Bob' });
    expect(summary(await take(changes, 2))).toEqual(['put a Ada 999', 'put b Bob']);
  });

  test('ends a watch at its signal, at close and when its signal was aborted before', async () => {
    const abort = new AbortController();
    const bySignal = take(store().watch(boats, abort.signal), 1);
    abort.abort();
    expect(await bySignal).toEqual([]);
    expect(await take(store().watch(boats, abort.signal), 1)).toEqual([]);
    const byClose = take(store().watch(boats, new AbortController().signal), 1);
    await store().close();
    expect(await byClose).toEqual([]);
  });
}

async function take<Value>(changes: AsyncIterable<Change<Value>>, count: number): Promise<Change<Value>[]> {
  const taken: Change<Value>[] = [];
  for await (const change of changes) {
    taken.push(change);
    if (taken.length === count) break;
  }
  return taken;
}

function summary(changes: readonly Change<Boat>[]): string[] {
  return changes.map((change) =>
    change.kind === 'put'
      ? `put ${change.document.key} ${change.document.value.name}`
      : `delete ${change.key}`,
  );
}
