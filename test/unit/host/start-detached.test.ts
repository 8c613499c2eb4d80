import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { poll } from '../../../src/base/index.ts';
import {
  identify,
  isAlive,
  type ProcessIdentity,
  readText,
  run,
  startDetached,
  terminate,
} from '../../../src/host/index.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const WAIT = { timeoutMs: 10_000, intervalMs: 5 };

function paths(): { stdoutPath: string; stderrPath: string } {
  const directory = temporaryDirectory();
  return { stdoutPath: join(directory, 'out'), stderrPath: join(directory, 'err') };
}

function endLater(identity: ProcessIdentity): void {
  onTestFinished(async () => void (await terminate(identity, { signal: 'SIGKILL', timeoutMs: 5_000 })));
}

test('leads a session of its own', async () => {
  const identity = await startDetached(['sleep', '600'], paths());
  endLater(identity);
  const { stdout } = await run(['ps', '-o', 'sid=', '-p', String(identity.pid)]);
  expect(Number(stdout)).toBe(identity.pid);
});

test('output is appended to the files, and the end is told', async () => {
  const files = paths();
  writeFileSync(files.stdoutPath, 'before\n');
  const ended = new Promise((resolve) => {
    void startDetached(['sh', '-c', 'echo out; echo err >&2; read line || echo "no input"; exit 4'], {
      ...files,
      onExit: (code, signal) => resolve([code, signal]),
    });
  });
  expect(await ended).toEqual([4, null]);
  expect(await readText(files.stdoutPath)).toBe('before\nout\nno input\n');
  expect(await readText(files.stderrPath)).toBe('err\n');
});

test('an end by a signal is told', async () => {
  const ends: unknown[] = [];
  const identity = await startDetached(['sleep', '600'], {
    ...paths(),
    onExit: (code, signal) => ends.push([code, signal]),
  });
  await terminate(identity, { timeoutMs: 5_000 });
  await poll(async () => ends[0], { ...WAIT, what: 'the exit' });
  expect(ends).toEqual([[null, 'SIGTERM']]);
});

test('even a program that ends at once has an identity', async () => {
  const identity = await startDetached(['true'], paths());
  expect(identity.startTicks).toBeGreaterThan(0);
  await poll(async () => (isAlive(identity) ? undefined : true), { ...WAIT, what: 'the exit' });
});

test('a program that is not there is tool-missing', async () => {
  await expect(startDetached(['berth-no-such-program'], paths())).rejects.toMatchObject({
    code: 'tool-missing',
  });
});

test('a process that cannot join its control group is ended', async () => {
  const started: (ProcessIdentity | undefined)[] = [];
  const cgroup = {
    name: 'x',
    path: '/x',
    add: async (pid: number) => {
      started.push(identify(pid));
      throw new Error('no room');
    },
    pids: async () => [],
    memoryBytes: async () => undefined,
    memoryKills: async () => undefined,
    remove: async () => undefined,
  };
  await expect(startDetached(['sleep', '600'], { ...paths(), cgroup })).rejects.toThrow('no room');
  const [identity] = started;
  if (identity === undefined) throw new Error('did not start');
  expect(isAlive(identity)).toBe(false);
});

test('outlives the process that started it', async () => {
  const index = new URL('../../../src/host/index.ts', import.meta.url).href;
  const script = `import { startDetached } from ${JSON.stringify(index)};
    const identity = await startDetached(['sleep', '600'], ${JSON.stringify(paths())});
    console.log(JSON.stringify(identity));`;
  const starter = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  starter.stdout.on('data', (chunk: Buffer) => {
    text += String(chunk);
  });
  await once(starter, 'close');
  expect(starter.exitCode).toBe(0);
  const identity = JSON.parse(text) as ProcessIdentity;
  endLater(identity);
  expect(isAlive(identity)).toBe(true);
});
