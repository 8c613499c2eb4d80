import { expect, test } from 'vitest';
import { parseProcessStat, readProcessStat } from '../../../src/host/process-stat.ts';

const REST = 'S 1 10 10 0 -1 4194560 100 0 0 0 7 3 0 0 20 0 1 0 987654 1000 200 18446744073709551615';

test('reads state, CPU ticks and the start time', () => {
  expect(parseProcessStat(`42 (sleep) ${REST}`)).toEqual({
    command: 'sleep',
    state: 'S',
    userTicks: 7,
    systemTicks: 3,
    startTicks: 987654,
  });
});

test.each(['a b', 'x) (y', ') S 1 2', '(((', 'sd-pam)'])('is not misled by the command name "%s"', (name) => {
  expect(parseProcessStat(`42 (${name}) ${REST}`)).toMatchObject({
    command: name,
    state: 'S',
    startTicks: 987654,
  });
});

test('refuses a line that is cut', () => {
  expect(parseProcessStat('42 (sleep) S 1 10')).toBeUndefined();
  expect(parseProcessStat('')).toBeUndefined();
});

test('reads this very process', () => {
  expect(readProcessStat(process.pid)?.startTicks).toBeGreaterThan(0);
});
