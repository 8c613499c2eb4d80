import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { identify, isAlive, type ProcessIdentity, terminate, waitForExit } from '../../../src/host/index.ts';

async function start(script: string): Promise<ProcessIdentity> {
  const child = spawn('sh', ['-c', `${script}; echo ready; while :; do sleep 0.05; done`], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  const identity = child.pid === undefined ? undefined : identify(child.pid);
  if (identity === undefined) throw new Error('did not start');
  return identity;
}

test('ends a process and says that it is gone, also the second time', async () => {
  const identity = await start(':');
  expect(await terminate(identity, { timeoutMs: 10_000 })).toBe(true);
  expect(isAlive(identity)).toBe(false);
  expect(await terminate(identity, { timeoutMs: 0 })).toBe(true);
});

test('says false for a process that ignores the signal, and SIGKILL ends it', async () => {
  const identity = await start("trap '' TERM");
  expect(await terminate(identity, { timeoutMs: 60 })).toBe(false);
  expect(isAlive(identity)).toBe(true);
  expect(await terminate(identity, { signal: 'SIGKILL', timeoutMs: 10_000 })).toBe(true);
});

test('never signals a process that only has the same pid', async () => {
  const identity = await start(':');
  expect(await terminate({ ...identity, startTicks: identity.startTicks - 1 }, { timeoutMs: 1_000 })).toBe(
    true,
  );
  expect(isAlive(identity)).toBe(true);
});

test('a wait ends at its deadline, or when it is aborted', async () => {
  const identity = await start(':');
  expect(await waitForExit(identity, { timeoutMs: 20 })).toBe(false);
  const controller = new AbortController();
  const wait = waitForExit(identity, { timeoutMs: 60_000, signal: controller.signal });
  controller.abort(new Error('enough'));
  await expect(wait).rejects.toThrow('enough');
});
