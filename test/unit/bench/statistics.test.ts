import { expect, test } from 'vitest';
import {
  mediansByKey,
  p99Of,
  percentile,
  summarize,
  summarizeTail,
} from '../../../bench/measure/statistics.ts';

test('percentiles are interpolated between the nearest ranks', () => {
  expect(percentile([4, 1, 3, 2], 50)).toBe(2.5);
  expect(percentile([10], 95)).toBe(10);
  expect(
    percentile(
      Array.from({ length: 101 }, (_, index) => index),
      95,
    ),
  ).toBe(95);
  expect(percentile([0, 10], 95)).toBeCloseTo(9.5);
});

test('nothing measured is an error and not a zero', () => {
  expect(() => percentile([], 50)).toThrow(RangeError);
});

test('a summary holds count, p50, p95 and the extremes, and leaves the samples as they were', () => {
  const samples = [30, 10, 20];
  expect(summarize(samples)).toEqual({ count: 3, p50: 20, p95: 29, min: 10, max: 30 });
  expect(samples).toEqual([30, 10, 20]);
});

test('p99 is told of 30 samples and more', () => {
  const samples = Array.from({ length: 30 }, (_, index) => index);
  expect(p99Of(samples)).toBeCloseTo(28.71);
  expect(p99Of(samples.slice(1))).toBeUndefined();
  expect(summarizeTail(samples)).toMatchObject({ count: 30, max: 29, p99: p99Of(samples) });
});

test('medians by key pass over records without the key', () => {
  expect(
    mediansByKey([
      { disk: 3, restore: 100 },
      { disk: 5, restore: 80 },
      { disk: 4, freeze: 7 },
    ]),
  ).toEqual({
    disk: 4,
    restore: 90,
    freeze: 7,
  });
});
