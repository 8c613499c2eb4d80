import { expect, test } from 'vitest';
import { ReadBudget } from '../../../src/guest/read-budget.ts';

test('what a guest normally says is read at once', () => {
  const budget = new ReadBudget();
  for (let second = 1; second <= 100; second += 1) expect(budget.spend(10_000, second * 1_000)).toBe(0);
});

test('a flood is read at 64 KiB a second after a burst', () => {
  const budget = new ReadBudget();
  let nowMs = 1_000_000;
  let read = 0;
  while (nowMs < 1_060_000) {
    nowMs += budget.spend(65_536, nowMs) + 1;
    read += 65_536;
  }
  expect(read / 1024).toBeGreaterThan(60 * 64);
  expect(read / 1024).toBeLessThan(60 * 64 + 512);
});
