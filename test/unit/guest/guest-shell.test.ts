import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { beforeAll, afterAll, expect, onTestFinished, test } from 'vitest';
import { poll } from '../../../src/base/index.ts';
import { connectGuestShell, type GuestShell, makeHostKeyPair } from '../../../src/guest/index.ts';
import { SshServer } from './ssh-server.ts';

const SOON = { timeoutMs: 10_000 };
const server = new SshServer();
const directory = mkdtempSync(join(tmpdir(), 'berth-shell-'));
beforeAll(() => server.start());
afterAll(async () => {
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
});

function shellTo(target = server.target): GuestShell {
  const shell = connectGuestShell(target);
  onTestFinished(() => shell.close());
  return shell;
}

test('arguments arrive as they are, output comes back by stream', async () => {
  const odd = ["it's", '$HOME `id` "q"', '', '*', 'a\nb', '-e'];
  const outcome = await shellTo().exec(['printf', '%s|', ...odd], SOON);
  expect(outcome).toEqual({
    code: 0,
    stdout: odd.map((word) => `${word}|`).join(''),
    stderr: '',
    truncated: false,
  });
});

test('input is read to its end, and lines come as they are said', async () => {
  const lines: string[] = [];
  const script = 'cat; echo err >&2; printf unfinished; exit 3';
  const outcome = await shellTo().exec(['sh', '-c', script], {
    ...SOON,
    input: 'héllo\n',
    okExitCodes: [3],
    onLine: (line, stream) => lines.push(`${stream} ${line}`),
  });
  expect(outcome).toMatchObject({ code: 3, stdout: 'héllo\nunfinished', stderr: 'err\n' });
  expect(lines.toSorted()).toEqual(['stderr err', 'stdout héllo', 'stdout unfinished']);
});

test('an exit code that was not expected is an error with the last words', async () => {
  await expect(shellTo().exec(['sh', '-c', 'echo nothing works >&2; exit 4'], SOON)).rejects.toMatchObject({
    code: 'guest-command-failed',
    message: '"sh" in the guest ended with exit code 4: nothing works',
  });
  await expect(
    shellTo().exec(['sh', '-c', 'exit 4'], { ...SOON, okExitCodes: 'any' }),
  ).resolves.toMatchObject({ code: 4 });
  await expect(shellTo().exec(['no-such-program'], SOON)).rejects.toMatchObject({
    code: 'guest-command-failed',
  });
});

test('a program that reads nothing does not wait for its input', async () => {
  await shellTo().exec(['true'], { ...SOON, input: 'x'.repeat(4_000_000) });
});

test('long output keeps its end', async () => {
  const outcome = await shellTo().exec(['sh', '-c', 'head -c 300000 /dev/zero | tr "\\0" a; echo end'], {
    ...SOON,
    maxOutputBytes: 1_000,
  });
  expect(outcome.stdout).toHaveLength(1_000);
  expect(outcome.stdout.endsWith('aend\n')).toBe(true);
  expect(outcome.truncated).toBe(true);
});

test('many commands at once share one connection', async () => {
  const before = server.connections.length;
  const shell = shellTo();
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, (_, index) => shell.exec(['echo', String(index)], SOON)),
  );
  expect(outcomes.map(({ stdout }) => Number(stdout))).toEqual(
    Array.from({ length: 20 }, (_, index) => index),
  );
  expect(server.connections.length).toBe(before + 1);
});

test('a command past its deadline is an error, and its program and children are ended', async () => {
  const file = join(directory, 'alive');
  const script = `sh -c 'echo $$ > ${file}; exec sleep 1000'; echo never`;
  await expect(shellTo().exec(['sh', '-c', script], { timeoutMs: 400 })).rejects.toMatchObject({
    code: 'timeout',
    message: '"sh" in the guest took longer than 400 ms',
  });
  const pid = Number(readFileSync(file, 'utf8'));
  await poll(async () => (existsSync(`/proc/${pid}/exe`) && isSleeping(pid) ? undefined : true), {
    timeoutMs: 10_000,
    intervalMs: 20,
    what: 'the end of the program',
  });
});

function isSleeping(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('sleep');
  } catch {
    return false;
  }
}

test('aborting rejects with the reason given', async () => {
  const reason = new Error('enough');
  const controller = new AbortController();
  const running = shellTo().exec(['sleep', '1000'], {
    ...SOON,
    signal: controller.signal,
    onLine: () => undefined,
  });
  controller.abort(reason);
  await expect(running).rejects.toBe(reason);
});

test('a program whose start is overtaken by the abort is ended too', async () => {
  const shell = shellTo();
  await shell.exec(['true'], SOON);
  for (const delayMs of [0, 1, 2, 4, 8, 16, 32]) {
    const running = shell.exec(['sleep', '987'], { ...SOON, signal: AbortSignal.timeout(delayMs) });
    await expect(running).rejects.toMatchObject({ name: 'TimeoutError' });
  }
  await poll(async () => (server.programs === 0 ? true : undefined), {
    timeoutMs: 10_000,
    intervalMs: 20,
    what: 'their end',
  });
});

test('a lost connection fails what runs, and the next command logs in again', async () => {
  const shell = shellTo();
  await shell.exec(['true'], SOON);
  const started = Promise.withResolvers<void>();
  const running = shell.exec(['sh', '-c', 'echo up; sleep 1000'], {
    ...SOON,
    onLine: () => started.resolve(),
  });
  await started.promise;
  server.drop();
  await expect(running).rejects.toMatchObject({ code: 'guest-unreachable' });
  await expect(shell.exec(['echo', 'again'], SOON)).resolves.toMatchObject({ stdout: 'again\n' });
});

test('another host key than the one given is not talked to', async () => {
  const shell = shellTo({ ...server.target, hostKey: makeHostKeyPair('other').public });
  await expect(shell.exec(['true'], SOON)).rejects.toMatchObject({
    code: 'guest-unreachable',
    message: expect.stringContaining('the host key is not the one that Berth gave to the guest') as string,
  });
  await expect(shellTo({ ...server.target, hostKey: '' }).exec(['true'], SOON)).rejects.toMatchObject({
    code: 'guest-unreachable',
  });
});

test('a key that the guest does not know is told at once', async () => {
  const shell = shellTo({ ...server.target, privateKey: makeHostKeyPair('other').private });
  await expect(shell.exec(['true'], SOON)).rejects.toMatchObject({
    code: 'guest-unreachable',
    message: expect.stringContaining('refused the login') as string,
  });
});

test('waits for a server that is not there yet', async () => {
  await using late = new SshServer();
  await late.start();
  const { target, port } = late;
  await late.stop();
  const waiting = shellTo(target).exec(['echo', 'late'], SOON);
  await late.start(port);
  await expect(waiting).resolves.toMatchObject({ stdout: 'late\n' });
});

test('no server: the deadline counts', async () => {
  const shell = shellTo({ ...server.target, port: 1 });
  await expect(shell.exec(['true'], { timeoutMs: 150 })).rejects.toMatchObject({ code: 'guest-unreachable' });
});

test('a server that accepts and says nothing: the deadline counts', async () => {
  const mute = createServer(() => undefined);
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void mute.close());
  const address = mute.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  await expect(shellTo({ ...server.target, port }).exec(['true'], { timeoutMs: 150 })).rejects.toMatchObject({
    code: 'guest-unreachable',
  });
});

test('after close nothing goes any more', async () => {
  const shell = shellTo();
  const running = shell.exec(['sleep', '1000'], SOON);
  shell.close();
  shell.close();
  await expect(running).rejects.toMatchObject({ code: 'guest-unreachable' });
  await expect(shell.exec(['true'], SOON)).rejects.toMatchObject({ code: 'guest-unreachable' });
});

test('a file is written with its directories and permissions, and no part of it stays behind', async () => {
  const path = join(directory, "new dir/f'ile");
  await shellTo().putFile(path, 'content', { ...SOON, mode: 0o640 });
  expect(readFileSync(path, 'utf8')).toBe('content');
  expect(statSync(path).mode & 0o777).toBe(0o640);
  await shellTo().putFile(path, Buffer.alloc(300_000, 1), SOON);
  expect(statSync(path).size).toBe(300_000);
  expect(readdirSync(join(directory, 'new dir'))).toEqual(["f'ile"]);
});

test('a stream that is shorter than announced writes no file', async () => {
  const path = join(directory, 'short');
  const content = { stream: Readable.from([Buffer.from('abc')]), sizeBytes: 5 };
  await expect(shellTo().putFile(path, content, SOON)).rejects.toMatchObject({
    code: 'guest-command-failed',
    message: expect.stringContaining('5 bytes were announced, 3 came') as string,
  });
  expect(readdirSync(directory).filter((name) => name.startsWith('short'))).toEqual([]);
});

test('an interactive program is talked to and reports its end', async () => {
  const process = await shellTo().openProcess(
    ['sh', '-c', 'read name; echo "hello $name"; echo err >&2; exit 7'],
    SOON,
  );
  process.stdin.write('you\n');
  const [stdout, stderr, end] = await Promise.all([
    text(process.stdout),
    text(process.stderr),
    process.ended,
  ]);
  expect({ stdout, stderr, end }).toEqual({ stdout: 'hello you\n', stderr: 'err\n', end: { code: 7 } });
});

test('the end of input reaches an interactive program', async () => {
  const process = await shellTo().openProcess([], SOON);
  process.stdin.end('all of it');
  expect(await text(process.stdout)).toBe('all of it');
  expect(await process.ended).toEqual({ code: 0 });
});

test('a terminal has a size, and it changes', async () => {
  const process = await shellTo().openProcess(['cat'], { ...SOON, tty: { rows: 33, cols: 99 } });
  await process.resize(20, 50);
  process.stdin.end('x');
  await process.ended;
  expect(server.terminals.slice(-2)).toEqual([
    { rows: 33, cols: 99 },
    { rows: 20, cols: 50 },
  ]);
});

test('closing an interactive program ends it even when nobody reads its output', async () => {
  const file = join(directory, 'noisy');
  const process = await shellTo().openProcess(['sh', '-c', `echo $$ > ${file}; exec yes`], SOON);
  const pid = await poll(
    async () => (existsSync(file) ? Number(readFileSync(file, 'utf8')) || undefined : undefined),
    { timeoutMs: 5_000, intervalMs: 10, what: 'its start' },
  );
  process.close();
  process.close();
  expect(await process.ended).toEqual({ signal: 'SIGKILL' });
  await poll(
    async () =>
      existsSync(`/proc/${pid}/cmdline`) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('yes')
        ? undefined
        : true,
    { timeoutMs: 10_000, intervalMs: 20, what: 'its end' },
  );
});

test('a stream to a unix socket carries both ways and ends each way by itself', async () => {
  const path = join(directory, 'echo.sock');
  const echo = createServer({ allowHalfOpen: true }, (socket) => {
    text(socket).then(
      (said) => socket.end(said.toUpperCase()),
      () => undefined,
    );
  });
  await new Promise<void>((resolve) => echo.listen(path, resolve));
  onTestFinished(() => void echo.close());
  const shell = shellTo();
  const stream = await shell.engineSocket({ path });
  const long = 'abc'.repeat(500_000);
  stream.end(long);
  expect(await text(stream)).toBe(long.toUpperCase());
  await expect(
    shell.engineSocket({ path: join(directory, 'none.sock'), timeoutMs: 5_000 }),
  ).rejects.toMatchObject({ code: 'guest-unreachable' });
});
