import { describe, expect, test } from 'vitest';
import {
  type IdleFacts,
  isWithin,
  restByPolicy,
  restUnderStress,
} from '../../../../src/environments/plan/idle.ts';
import type { IdlePolicy } from '../../../../src/model/index.ts';

const policy: IdlePolicy = { afterMs: 30_000, rest: 'freeze', wake: 'connect', ignore: [], awake: [] };
/** A Wednesday. */
const now = new Date(2026, 10, 25, 12, 30);

function facts(more: Partial<IdleFacts> = {}): IdleFacts {
  return { policy, depth: 'awake', idleMs: 60_000, cpuShare: 0.01, now, ...more };
}

describe('by its own policy', () => {
  test.each([
    ['idle for long enough', {}, 'freeze'],
    ['not yet', { idleMs: 29_999 }, 'stay'],
    ['at work though nobody connects', { cpuShare: 0.8 }, 'stay'],
    ['not watched for long enough', { cpuShare: undefined }, 'stay'],
    ['no policy', { policy: undefined }, 'stay'],
    ['a policy that sleeps', { policy: { ...policy, rest: 'sleep' } }, 'sleep'],
    ['frozen, and to stay so', { depth: 'frozen' }, 'stay'],
    ['frozen for a while', { depth: 'frozen', policy: { ...policy, sleepAfterMs: 60_000 } }, 'sleep'],
    ['frozen, not so long', { depth: 'frozen', policy: { ...policy, sleepAfterMs: 60_001 } }, 'stay'],
    [
      'in working hours',
      { policy: { ...policy, awake: [{ days: [3], from: 12 * 60, to: 13 * 60 }] } },
      'stay',
    ],
  ] as const)('%s: %s → %s', (_, more, verdict) => {
    expect(restByPolicy(facts(more as Partial<IdleFacts>))).toBe(verdict);
  });
});

describe('under pressure', () => {
  const memory = { memory: true, cpu: false };
  const cpu = { memory: false, cpu: true };
  test.each([
    ['idle for a moment, memory short', facts({ idleMs: 3_000 }), memory, 'sleep'],
    ['idle for a moment, CPU short', facts({ idleMs: 3_000 }), cpu, 'freeze'],
    ['in use', facts({ idleMs: 100 }), memory, 'stay'],
    ['at work', facts({ cpuShare: 2 }), memory, 'stay'],
    ['no policy', facts({ policy: undefined }), memory, 'stay'],
    [
      'frozen by hand, memory short',
      facts({ policy: undefined, depth: 'frozen', idleMs: 1 }),
      memory,
      'sleep',
    ],
    ['frozen, CPU short', facts({ depth: 'frozen' }), cpu, 'stay'],
  ] as const)('%s', (_, given, stress, verdict) => {
    expect(restUnderStress(given, stress)).toBe(verdict);
  });
});

test('a time of the week may go past midnight', () => {
  const late = [{ days: [3], from: 22 * 60, to: 2 * 60 }];
  const at = (day: number, hour: number) => isWithin(late, new Date(2026, 10, day, hour));
  expect([at(25, 21), at(25, 22), at(25, 23), at(26, 1), at(26, 2), at(25, 1)]).toEqual([
    false,
    true,
    true,
    true,
    false,
    false,
  ]);
});
