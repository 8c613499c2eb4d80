import fc from 'fast-check';
import { expect, test } from 'vitest';
import { clockStep } from '../../../../src/environments/plan/judge-clock.ts';

const at = (wallMs: number, monotonicMs: number) => ({ wallMs, monotonicMs });

test('a clock that goes on is no step, however late the look comes', () => {
  expect(clockStep(at(1_000, 5), at(1_500, 505))).toBeUndefined();
  expect(clockStep(at(1_000, 5), at(61_000, 60_005))).toBeUndefined();
  expect(clockStep(at(1_000, 5), at(1_600, 505))).toBeUndefined();
});

test('a step is told with its size and direction, whatever the look was late by', () => {
  fc.assert(
    fc.property(fc.integer({ min: 250, max: 1e9 }), fc.integer({ min: 0, max: 1e6 }), (step, late) => {
      expect(clockStep(at(0, 0), at(step + late, late))).toBe(step);
      expect(clockStep(at(0, 0), at(late - step, late))).toBe(-step);
    }),
  );
});
