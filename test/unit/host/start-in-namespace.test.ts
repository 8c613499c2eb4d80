import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { poll, sleep } from '../../../src/base/index.ts';
import {
  commandLine,
  hasCapability,
  isAlive,
  type ProcessIdentity,
  readText,
  startInNamespace,
  terminate,
} from '../../../src/host/index.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const WAIT = { timeoutMs: 10_000, intervalMs: 5 };

/** Two shells that do as bubblewrap does: the first tells of the second, which starts a program; each ends as what it waits for. */
const namespaced = (program: string) => [
  ...['sh', '-c'],
  `sh -c '${program} & wait $!' 3>&- & echo "{ \\"child-pid\\": $!, \\"mnt-namespace\\": 1 }" >&3; exec 3>&-; wait $!`,
];

async function started(program: string) {
  const directory = temporaryDirectory();
  const ends: unknown[] = [];
  const identity = await startInNamespace(namespaced(program), {
    stdoutPath: join(directory, 'out'),
    stderrPath: join(directory, 'err'),
    onExit: (code, signal) => ends.push([code, signal]),
  });
  onTestFinished(async () => void (await terminate(identity, { signal: 'SIGKILL', timeoutMs: 5_000 })));
  return { identity, end: () => poll(async () => ends[0], { ...WAIT, what: 'the exit' }), ends };
}

async function parentOf({ pid }: ProcessIdentity): Promise<number> {
  return Number(/^PPid:\s+(\d+)$/m.exec((await readText(`/proc/${pid}/status`)) ?? '')?.[1]);
}

test('gives the program itself, and tells of its end by a signal', async () => {
  const { identity, end } = await started('sleep 601');
  await poll(async () => (commandLine(identity.pid)?.join(' ') === 'sleep 601' ? true : undefined), {
    ...WAIT,
    what: 'the program',
  });
  await terminate(identity, { signal: 'SIGKILL', timeoutMs: 5_000 });
  expect(await end()).toEqual([null, 'SIGKILL']);
});

test('tells of an end by itself', async () => {
  const { end } = await started('(sleep 0.2; exit 4)');
  expect(await end()).toEqual([4, null]);
});

test('when only what waits for it is ended, the program goes on, and its end is told later', async () => {
  const { identity, end, ends } = await started('sleep 602');
  process.kill(await parentOf({ ...identity, pid: await parentOf(identity) }), 'SIGKILL');
  await sleep(50);
  expect([isAlive(identity), ends]).toEqual([true, []]);
  await terminate(identity, { signal: 'SIGKILL', timeoutMs: 5_000 });
  expect(await end()).toEqual([null, null]);
});

test('what cannot start the program is told with its last words', async () => {
  const directory = temporaryDirectory();
  const files = { stdoutPath: join(directory, 'out'), stderrPath: join(directory, 'err') };
  await expect(
    startInNamespace(['sh', '-c', 'echo "no such mount" >&2; exit 1'], files),
  ).rejects.toMatchObject({ code: 'command-failed', message: expect.stringContaining('no such mount') });
  await expect(startInNamespace(['/nowhere/bwrap'], files)).rejects.toMatchObject({ code: 'tool-missing' });
});

test('a capability is found by its bit', async () => {
  const status = (await readText('/proc/self/status')) ?? '';
  const effective = BigInt(`0x${/^CapEff:\s+(\S+)$/m.exec(status)?.[1] ?? '0'}`);
  expect(await hasCapability('sys-resource')).toBe((effective & (1n << 24n)) !== 0n);
});
