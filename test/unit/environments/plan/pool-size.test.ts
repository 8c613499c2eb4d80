import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  DEMAND_WINDOW_MS,
  judgePressure,
  wantedMembers,
} from '../../../../src/environments/plan/pool-size.ts';

test('a pool is as large as the demand of the last minute, within its bounds', () => {
  const bounds = fc
    .tuple(fc.nat(100), fc.nat(100))
    .map(([a, b]) => ({ min: Math.min(a, b), max: Math.max(a, b) }));
  const takes = fc.array(fc.nat(3 * DEMAND_WINDOW_MS), { maxLength: 200 });
  fc.assert(
    fc.property(bounds, takes, (pool, takesMs) => {
      const nowMs = 3 * DEMAND_WINDOW_MS;
      const wanted = wantedMembers(pool, takesMs, nowMs);
      expect(wanted).toBeGreaterThanOrEqual(pool.min);
      expect(wanted).toBeLessThanOrEqual(pool.max);
      const lately = takesMs.filter((at) => at > nowMs - DEMAND_WINDOW_MS).length;
      if (lately >= pool.min && lately <= pool.max) expect(wanted).toBe(lately);
    }),
  );
});

test('old demand is forgotten', () => {
  expect(wantedMembers({ min: 1, max: 9 }, [0, 1, 2, 3], 3)).toBe(4);
  expect(wantedMembers({ min: 1, max: 9 }, [0, 1, 2, 3], DEMAND_WINDOW_MS + 4)).toBe(1);
});

test('memory that is short, or waited for, makes pools hold and then shrink', () => {
  expect(judgePressure({ availableShare: 0.5 })).toBe('room');
  expect(judgePressure({ availableShare: 0.14 })).toBe('hold');
  expect(judgePressure({ availableShare: 0.09 })).toBe('shrink');
  expect(judgePressure({ availableShare: 0.5, memoryStalledPercent: 3 })).toBe('hold');
  expect(judgePressure({ availableShare: 0.5, memoryStalledPercent: 11 })).toBe('shrink');
});
