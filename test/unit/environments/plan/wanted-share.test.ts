import { expect, test } from 'vitest';
import { wantedShare } from '../../../../src/environments/plan/wanted-share.ts';

const times = (...ms: readonly number[]) => new Map(ms.map((value, index) => [100 + index, value]));
const share = (before: readonly number[], now: readonly number[], vcpus: number) =>
  wantedShare(times(...before), times(...now), { intervalMs: 1_000, vcpus });

test('threads add up to the share of the virtual CPUs', () => {
  expect(share([500, 0], [1_500, 500], 2)).toBe(0.75);
  expect(share([500, 0], [500, 0], 1)).toBe(0);
});

test('a thread is one CPU at most, and all of them together are the machine', () => {
  expect(share([0, 0], [4_000, 100], 2)).toBe(0.55);
  expect(share([0, 0, 0], [1_000, 1_000, 1_000], 2)).toBe(1);
});

test('a thread that is new says nothing yet', () => {
  expect(share([100], [200, 90_000], 1)).toBe(0.1);
});
