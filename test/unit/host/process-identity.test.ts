import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { poll } from '../../../src/base/index.ts';
import { commandLine, identify, isAlive, listProcesses } from '../../../src/host/index.ts';
import { readProcessStat } from '../../../src/host/process-stat.ts';

function start(program: string, ...argv: string[]): number {
  const child = spawn(program, argv, { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  if (child.pid === undefined) throw new Error('did not start');
  return child.pid;
}

test('a running process is alive, and its command line is read as it was given', () => {
  const pid = start('sleep', '60', '1e-9');
  const identity = identify(pid);
  expect(identity).toMatchObject({ pid });
  expect(identity && isAlive(identity)).toBe(true);
  expect(listProcesses()).toContainEqual(identity);
});

test('the same pid with another start time is another process', () => {
  const identity = identify(process.pid);
  if (identity === undefined) throw new Error('no identity');
  expect(isAlive({ ...identity, startTicks: identity.startTicks + 1 })).toBe(false);
});

test('a zombie counts as dead', async () => {
  // The shell's child ends at once; the program that replaces the shell never collects it.
  const shell = spawn('sh', ['-c', 'true & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
  onTestFinished(() => void shell.kill('SIGKILL'));
  const [chunk] = (await once(shell.stdout, 'data')) as [Buffer];
  const pid = Number(String(chunk));
  const zombie = await poll(async () => (readProcessStat(pid)?.state === 'Z' ? identify(pid) : undefined), {
    timeoutMs: 10_000,
    intervalMs: 5,
    what: 'a zombie',
  });
  expect(isAlive(zombie)).toBe(false);
  expect(listProcesses()).not.toContainEqual(zombie);
  expect(commandLine(pid)).toBeUndefined();
});

test('no such process has no identity', () => {
  expect(identify(0)).toBeUndefined();
  expect(identify(-1)).toBeUndefined();
  expect(identify(2 ** 30)).toBeUndefined();
});
