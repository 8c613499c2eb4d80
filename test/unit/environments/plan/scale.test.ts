import { expect, test } from 'vitest';
import { decideScale, type ScaleFacts, type ScaleMemory } from '../../../../src/environments/plan/scale.ts';
import type { ReplicaPolicy } from '../../../../src/model/index.ts';

const POLICY: ReplicaPolicy = {
  ...{ min: 1, max: 5, target: 'connections', value: 20, coolDownMs: 60_000, drainMs: 30_000 },
};
const facts = (more: Partial<ScaleFacts> = {}): ScaleFacts => ({
  ...{ policy: POLICY, machines: 1, connections: 0, isIdle: false, nowMs: 100_000, ...more },
});
const LONG_AGO: ScaleMemory = { changedAtMs: 0 };
const wanted = (more: Partial<ScaleFacts>, before = LONG_AGO) => decideScale(facts(more), before).wanted;

test('one more when there is more than they are to have', () => {
  expect(wanted({ connections: 20 })).toBe(1);
  expect(wanted({ connections: 21 })).toBe(2);
  expect(wanted({ connections: 1000 })).toBe(2);
  expect(wanted({ connections: 1000, machines: 5 })).toBe(5);
});

test('the last change is waited for to show', () => {
  expect(wanted({ connections: 100, machines: 2 }, { changedAtMs: 99_000 })).toBe(2);
  expect(wanted({ connections: 100, machines: 2 }, { changedAtMs: 97_000 })).toBe(3);
});

test('the bounds hold at once', () => {
  const fixed = { ...POLICY, min: 3, max: 3 };
  expect(wanted({ policy: fixed }, { changedAtMs: 100_000 })).toBe(3);
  expect(wanted({ policy: fixed, machines: 5 }, { changedAtMs: 100_000 })).toBe(3);
});

test('one less only after that would have been enough for the whole cool-down', () => {
  let memory: ScaleMemory = LONG_AGO;
  const look = (nowMs: number, connections: number) => {
    const verdict = decideScale(facts({ machines: 3, connections, nowMs }), memory);
    memory = verdict.memory;
    return verdict.wanted;
  };
  expect(look(100_000, 10)).toBe(3);
  expect(look(159_000, 10)).toBe(3);
  // In between two would not do: it begins anew.
  expect(look(160_000, 40)).toBe(3);
  expect(look(161_000, 10)).toBe(3);
  expect(look(220_000, 10)).toBe(3);
  expect(look(221_000, 10)).toBe(2);
});

test('what was just enough is not taken away: no swinging', () => {
  // Two would do with exactly 20 each, and three were added for 41.
  expect(wanted({ machines: 3, connections: 40 }, { changedAtMs: 0, fewerSinceMs: 0 })).toBe(3);
  expect(wanted({ machines: 3, connections: 32 }, { changedAtMs: 0, fewerSinceMs: 0 })).toBe(2);
});

test('follows the processor time, or the time that answers take', () => {
  const cpu = { ...POLICY, target: 'cpu', value: 70 } as const;
  expect(wanted({ policy: cpu, machines: 2, cores: 1.5 })).toBe(3);
  expect(wanted({ policy: cpu, machines: 2, cores: 1.3 })).toBe(2);
  expect(wanted({ policy: cpu, machines: 2 }, { changedAtMs: 0, fewerSinceMs: 0 })).toBe(2);
  const latency = { ...POLICY, target: 'latency', value: 500 } as const;
  expect(wanted({ policy: latency, machines: 2, answerMs: 501 })).toBe(3);
  expect(wanted({ policy: latency, machines: 2, answerMs: 480 }, { changedAtMs: 0, fewerSinceMs: 0 })).toBe(
    2,
  );
  expect(wanted({ policy: latency, machines: 2 }, { changedAtMs: 0, fewerSinceMs: 0 })).toBe(1);
});

test('one that nobody uses is left with its own machine, which then comes to rest', () => {
  const resting = { ...POLICY, min: 0 };
  expect(wanted({ policy: resting, machines: 4, isIdle: true }, { changedAtMs: 99_999 })).toBe(1);
  expect(wanted({ policy: resting, machines: 1, isIdle: true })).toBe(1);
});
