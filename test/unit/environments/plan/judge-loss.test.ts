import { expect, test } from 'vitest';
import { wentDownWithHost } from '../../../../src/environments/plan/judge-loss.ts';

const killed = { hostBoot: 'now', daemonEndedWell: false, survivors: 0 };

test('a machine of an earlier boot went down with the host, however its daemon ended', () => {
  expect(wentDownWithHost('before', { ...killed, daemonEndedWell: true })).toBe(true);
  expect(wentDownWithHost('before', { ...killed, survivors: 3 })).toBe(true);
});

test('so did all machines that were lost together with a daemon that said nothing', () => {
  expect(wentDownWithHost('now', killed)).toBe(true);
  expect(wentDownWithHost(undefined, killed)).toBe(true);
});

test('a machine that is gone while others go on, or after an orderly end of the daemon, ended by itself', () => {
  expect(wentDownWithHost('now', { ...killed, survivors: 1 })).toBe(false);
  expect(wentDownWithHost('now', { ...killed, daemonEndedWell: true })).toBe(false);
});
