import { expect, test } from 'vitest';
import { KeyedMutex, Mutex } from '../../../src/base/index.ts';

function gate(): { opened: Promise<void>; open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

test('runs one at a time in the order of asking, also after a failure', async () => {
  const mutex = new Mutex();
  const seen: string[] = [];
  const { opened, open } = gate();
  const first = mutex.run(async () => {
    seen.push('first begins');
    await opened;
    seen.push('first ends');
    throw new Error('first failed');
  });
  const second = mutex.run(async () => {
    seen.push('second');
    return 2;
  });
  await Promise.resolve();
  expect(mutex.busy).toBe(true);
  open();
  await expect(first).rejects.toThrow('first failed');
  await expect(second).resolves.toBe(2);
  expect(seen).toEqual(['first begins', 'first ends', 'second']);
  expect(mutex.busy).toBe(false);
});

test('keys do not wait for each other, equal keys do', async () => {
  const mutex = new KeyedMutex();
  const seen: string[] = [];
  const { opened, open } = gate();
  const a1 = mutex.run('a', async () => {
    await opened;
    seen.push('a1');
  });
  const a2 = mutex.run('a', async () => {
    seen.push('a2');
  });
  await mutex.run('b', async () => {
    seen.push('b');
  });
  open();
  await Promise.all([a1, a2]);
  expect(seen).toEqual(['b', 'a1', 'a2']);
});
