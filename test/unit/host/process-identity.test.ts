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
  // The child ends when its input does, after a program that never collects it has taken the shell's place.
  const script = 'cat <&3 >&3 & echo $!; exec sleep 60 3<&-';
  const shell = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore', 'pipe'] });
  onTestFinished(() => void shell.kill('SIGKILL'));
  if (shell.stdout === null) throw new Error('no output');
  const [chunk] = (await once(shell.stdout, 'data')) as [Buffer];
  const pid = Number(String(chunk));
  const wait = { timeoutMs: 10_000, intervalMs: 5 };
  await poll(async () => (commandLine(shell.pid ?? 0)?.[0] === 'sleep' ? true : undefined), {
    ...wait,
    what: 'sleep',
  });
  shell.stdio[3]?.destroy();
  const zombie = await poll(async () => (readProcessStat(pid)?.state === 'Z' ? identify(pid) : undefined), {
    ...wait,
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
