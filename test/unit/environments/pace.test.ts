import { expect, test } from 'vitest';
import { Pace } from '../../../src/environments/pace.ts';

test('a burst follows at once, ten a second at most', () => {
  const pace = new Pace();
  expect(pace.take(1_000_000)).toBe(0);
  expect(pace.take(1_000_030)).toBe(70);
  expect(pace.take(1_000_500)).toBe(0);
});

test('who never rests is slowed down to a turn every two seconds', () => {
  const pace = new Pace();
  let nowMs = 1_000_000;
  let turns = 0;
  while (nowMs < 1_000_000 + 600_000) {
    nowMs += pace.take(nowMs) + 5;
    turns += 1;
  }
  expect(turns).toBeGreaterThan(280);
  expect(turns).toBeLessThan(340);
});

test('after a rest a burst is there again', () => {
  const pace = new Pace();
  for (let turn = 0; turn < 40; turn += 1) pace.take(1_000_000);
  expect(pace.take(1_000_000)).toBeGreaterThan(10_000);
  expect(pace.take(1_200_000)).toBe(0);
});
