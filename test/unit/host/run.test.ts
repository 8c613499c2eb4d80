import { join } from 'node:path';
import { expect, test } from 'vitest';
import { poll } from '../../../src/base/index.ts';
import { exists, identify, isAlive, readText, run } from '../../../src/host/index.ts';
import { temporaryDirectory } from './temporary-directory.ts';

test('returns what a program wrote, both streams apart', async () => {
  const result = await run(['sh', '-c', 'echo out; echo err >&2']);
  expect(result).toEqual({ stdout: 'out\n', stderr: 'err\n', exitCode: 0 });
});

test('arguments reach the program as they are: no shell', async () => {
  const hostile = '$(touch /tmp/never); `id` | "x" *';
  expect((await run(['printf', '%s', hostile])).stdout).toBe(hostile);
});

test('input is written and closed; without it standard input is empty', async () => {
  expect((await run(['cat'], { input: 'hello' })).stdout).toBe('hello');
  expect((await run(['cat'])).stdout).toBe('');
});

test('input that the program does not read is no error', async () => {
  await expect(run(['true'], { input: Buffer.alloc(1024 * 1024) })).resolves.toMatchObject({ exitCode: 0 });
});

test('a failure carries the exit code and the last lines of stderr', async () => {
  const failing = run([
    'sh',
    '-c',
    'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo "line $i" >&2; done; exit 3',
  ]);
  await expect(failing).rejects.toMatchObject({ code: 'command-failed' });
  await expect(failing).rejects.toThrow(/sh failed with exit code 3: line 5\n(.*\n)*line 12$/);
});

test('exit codes that are named are no error', async () => {
  expect(await run(['sh', '-c', 'exit 3'], { okExitCodes: [3] })).toMatchObject({ exitCode: 3 });
});

test('a program that is not there is tool-missing; a directory that is not there is not', async () => {
  await expect(run(['berth-no-such-program'])).rejects.toMatchObject({ code: 'tool-missing' });
  await expect(run(['true'], { cwd: '/no/such/directory' })).rejects.toMatchObject({
    code: 'command-failed',
  });
});

test('the deadline kills what the program started as well', async () => {
  const file = join(temporaryDirectory(), 'pid');
  const slow = run(['sh', '-c', `sleep 600 & echo $! > "$0"; wait`, file], { timeoutMs: 300 });
  await expect(slow).rejects.toMatchObject({ code: 'timeout' });
  await expect(slow).rejects.toThrow('sh did not end within 300 ms');
  const identity = identify(Number(await readText(file)));
  await poll(async () => (identity === undefined || !isAlive(identity) ? true : undefined), {
    timeoutMs: 5_000,
    intervalMs: 5,
    what: 'the end of the grandchild',
  });
});

test('an abort kills the program', async () => {
  const controller = new AbortController();
  const running = run(['sh', '-c', 'echo started; exec sleep 600'], {
    signal: controller.signal,
    onLine: () => controller.abort(),
  });
  await expect(running).rejects.toMatchObject({ code: 'cancelled' });
});

test('an abort that came before keeps the program from starting', async () => {
  const file = join(temporaryDirectory(), 'started');
  await expect(run(['touch', file], { signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: 'cancelled',
  });
  expect(await exists(file)).toBe(false);
});

test('more output than allowed ends the program', async () => {
  await expect(run(['yes'], { maxOutputBytes: 1000 })).rejects.toMatchObject({ code: 'command-failed' });
});

test('with onLine every line is seen and only the newest output is kept', async () => {
  const lines: string[] = [];
  const result = await run(['sh', '-c', 'seq 1000; printf end; echo oops >&2'], {
    maxOutputBytes: 20,
    onLine: (line, stream) => lines.push(`${stream} ${line}`),
  });
  expect(lines.filter((line) => line.startsWith('stdout'))).toHaveLength(1001);
  expect(lines).toContain('stdout end');
  expect(lines).toContain('stderr oops');
  expect(result.stdout).toHaveLength(20);
  expect(result.stdout.endsWith('1000\nend')).toBe(true);
});

test('finds the administrator programs and speaks English', async () => {
  const { stdout } = await run(['sh', '-c', 'echo "$PATH $LC_ALL $EXTRA"'], { env: { EXTRA: 'yes' } });
  expect(stdout).toMatch(/\/usr\/sbin.* C\.UTF-8 yes/);
});

test('a process left behind that holds the output open does not hold up the end', async () => {
  const file = join(temporaryDirectory(), 'pid');
  const result = await run(['sh', '-c', 'setsid sleep 600 & echo $! > "$0"; echo done', file], {
    timeoutMs: 20_000,
  });
  expect(result.stdout).toBe('done\n');
  const left = identify(Number(await readText(file)));
  expect(left && isAlive(left)).toBe(true);
  process.kill(Number(await readText(file)), 'SIGKILL');
});
