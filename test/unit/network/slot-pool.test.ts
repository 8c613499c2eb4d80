import { expect, test } from 'vitest';
import { SlotPool } from '../../../src/network/slot-pool.ts';

/** A pool of numbers whose making can fail, with a record of what happened. */
function numbers(size: number) {
  const record = { made: 0, destroyed: [] as number[], errors: [] as unknown[], failing: false };
  const pool = new SlotPool<number>({
    size,
    refillDelayMs: 0,
    create: async () => {
      if (record.failing) throw new Error('no more');
      record.made += 1;
      return record.made;
    },
    destroy: async (member) => {
      record.destroyed.push(member);
    },
    onFillError: (error) => record.errors.push(error),
  });
  return { pool, record };
}

test('makes nothing before it is opened, then as many as it keeps', async () => {
  const { pool, record } = numbers(3);
  expect(record.made).toBe(0);
  pool.open();
  pool.open();
  await expect.poll(() => pool.ready).toBe(3);
  expect(record.made).toBe(3);
});

test('hands out the oldest first and makes up for it', async () => {
  const { pool } = numbers(2);
  pool.open();
  await expect.poll(() => pool.ready).toBe(2);
  expect(await pool.take()).toBe(1);
  expect(await pool.take()).toBe(2);
  await expect.poll(() => pool.ready).toBe(2);
  expect(await pool.take()).toBe(3);
});

test('an empty pool makes what is asked for', async () => {
  const { pool } = numbers(0);
  pool.open();
  expect(await Promise.all([pool.take(), pool.take()])).toEqual([1, 2]);
  expect(pool.ready).toBe(0);
});

test('a failure in the background is reported, and tried again with the next call', async () => {
  const { pool, record } = numbers(1);
  record.failing = true;
  pool.open();
  await expect.poll(() => record.errors).toEqual([new Error('no more')]);
  await expect(pool.take()).rejects.toThrow('no more');
  record.failing = false;
  pool.refill();
  await expect.poll(() => pool.ready).toBe(1);
});

test('drain destroys what is ready and ends the filling', async () => {
  const { pool, record } = numbers(4);
  pool.open();
  await expect.poll(() => pool.ready).toBe(4);
  await pool.take();
  await pool.drain();
  expect(record.destroyed).toEqual([2, 3, 4]);
  pool.refill();
  expect(await pool.take()).toBe(5);
  expect(pool.ready).toBe(0);
});

test('an aborted take takes nothing', async () => {
  const { pool } = numbers(1);
  pool.open();
  await expect.poll(() => pool.ready).toBe(1);
  await expect(pool.take(AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
  expect(pool.ready).toBe(1);
});
