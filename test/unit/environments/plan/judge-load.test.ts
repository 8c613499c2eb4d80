import { expect, test } from 'vitest';
import { judgeLoad, type LoadMemory } from '../../../../src/environments/plan/judge-load.ts';

/** What is told of each look, one a second. */
function judged(shares: readonly number[]): (string | undefined)[] {
  let memory: LoadMemory = { isTold: false };
  return shares.map((share, index) => {
    const judgement = judgeLoad(share, { nowMs: 1_000 * (index + 1), intervalMs: 1_000 }, memory);
    memory = judgement.memory;
    return judgement.news;
  });
}

test('a machine that is busy all the time is told of once, within two seconds', () => {
  expect(judged([0, 1, 1, 1, 1])).toEqual([undefined, undefined, 'saturated', undefined, undefined]);
});

test('a moment of work is no news, and neither is a moment of rest', () => {
  expect(judged([1, 0.2, 1, 0.2])).toEqual([undefined, undefined, undefined, undefined]);
  expect(judged([1, 1, 0.7, 1, 0.3])).toEqual([undefined, 'saturated', undefined, undefined, 'relieved']);
});
