import { expect, test } from 'vitest';
import {
  judgeRestart,
  MAX_RESTARTS,
  RESTART_WINDOW_MS,
  recentRestarts,
} from '../../../../src/environments/plan/judge-restart.ts';

/** Verdicts on restarts that follow each other after `everyMs`. */
function verdicts(count: number, everyMs: number) {
  let times: number[] = [];
  return Array.from({ length: count }, (_, index) => {
    times = recentRestarts(times, index * everyMs);
    return judgeRestart(times);
  });
}

test('a guest that restarts over and over waits longer each time, until it is given up', () => {
  expect(verdicts(MAX_RESTARTS, 5_000)).toEqual([
    { kind: 'revive', holdMs: 0 },
    { kind: 'revive', holdMs: 0 },
    { kind: 'revive', holdMs: 1_000 },
    { kind: 'revive', holdMs: 2_000 },
    { kind: 'revive', holdMs: 4_000 },
    { kind: 'give-up' },
  ]);
});

test('restarts that are long ago do not count', () => {
  expect(new Set(verdicts(20, RESTART_WINDOW_MS).map(({ kind }) => kind))).toEqual(new Set(['revive']));
  expect(recentRestarts([0, 1_000, RESTART_WINDOW_MS], RESTART_WINDOW_MS + 500)).toEqual([
    1_000,
    RESTART_WINDOW_MS,
    RESTART_WINDOW_MS + 500,
  ]);
});
