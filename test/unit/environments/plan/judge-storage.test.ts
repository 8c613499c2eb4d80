import { expect, test } from 'vitest';
import { isNearlyFull, writesUntilNextLook } from '../../../../src/environments/plan/judge-storage.ts';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

/** A disk of `totalBytes` with so much left. */
const disk = (totalBytes: number, availableBytes: number) => ({
  usedBytes: totalBytes - availableBytes,
  availableBytes,
});

test('a disk is nearly full when a tenth is left, of a large one when 2 GiB are, of a small one when 128 MiB are', () => {
  expect(isNearlyFull(disk(8 * GIB, 0.79 * GIB), false)).toBe(true);
  expect(isNearlyFull(disk(8 * GIB, 0.81 * GIB), false)).toBe(false);
  expect(isNearlyFull(disk(1024 * GIB, 1.9 * GIB), false)).toBe(true);
  expect(isNearlyFull(disk(1024 * GIB, 2.1 * GIB), false)).toBe(false);
  expect(isNearlyFull(disk(1 * GIB, 120 * MIB), false)).toBe(true);
  expect(isNearlyFull(disk(1 * GIB, 136 * MIB), false)).toBe(false);
});

test('it is relieved only once clearly more is left', () => {
  expect(isNearlyFull(disk(8 * GIB, 0.9 * GIB), true)).toBe(true);
  expect(isNearlyFull(disk(8 * GIB, 1.1 * GIB), true)).toBe(false);
});

test('a guest that writes as fast as it can is asked before its disk is full', () => {
  let available = 6 * GIB;
  let looks = 0;
  while (!isNearlyFull(disk(8 * GIB, available), false)) {
    available -= writesUntilNextLook(available);
    looks += 1;
  }
  expect(available).toBeGreaterThan(0);
  expect(looks).toBeLessThan(12);
});
