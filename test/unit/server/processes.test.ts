import { PassThrough } from 'node:stream';
import { expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { decodeFrame, encodeControl, encodeFrame, MAX_FRAME_BYTES } from '../../../src/contract/index.ts';
import { berthError } from '../../../src/errors/index.ts';
import type { InteractiveProcess } from '../../../src/server/index.ts';
import { fakeServices } from './fake-services.ts';
import { serve } from './harness.ts';

/** A process whose streams the test holds. */
function fakeProcess() {
  const exit = Promise.withResolvers<number>();
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const resize = vi.fn<(rows: number, columns: number) => void>();
  const kill = vi.fn<() => void>();
  const process: InteractiveProcess = { stdin, stdout, stderr, resize, kill, exit: exit.promise };
  const end = (code: number) => {
    stdout.end();
    stderr.end();
    exit.resolve(code);
  };
  return { process, stdin, stdout, stderr, resize, kill, exit, end };
}

/** What the server sent, by channel, and how it ended. */
interface Conversation {
  readonly socket: WebSocket;
  readonly opened: Promise<void>;
  readonly closed: Promise<{ readonly code: number; readonly frames: string[] }>;
}

function converse(path: string, url: string): Conversation {
  const socket = new WebSocket(`ws+unix:${path}:${url}`);
  const frames: string[] = [];
  socket.on('message', (data: Buffer) => {
    const frame = decodeFrame(data);
    frames.push(`${frame?.channel} ${Buffer.from(frame?.data ?? []).toString()}`);
  });
  const opened = new Promise<void>((resolve, reject) => {
    socket.once('open', () => resolve());
    socket.once('error', reject);
  });
  const closed = new Promise<{ code: number; frames: string[] }>((resolve) => {
    socket.once('close', (code) => resolve({ code, frames }));
  });
  opened.catch(() => undefined);
  return { socket, opened, closed };
}

const input = (text: string) => encodeFrame('stdin', Buffer.from(text));

test('carries input, output, sizes, the end of input and the exit code', async () => {
  const fake = fakeProcess();
  const exec = vi.fn(async () => fake.process);
  await using at = await serve(fakeServices({ environments: { exec } }));
  const url = '/v1/environments/shop/exec?service=web&cmd=cat&cmd=-&tty=true&rows=40&columns=120';
  const { socket, opened, closed } = converse(at.path, url);
  await opened;
  socket.send(input('hello'));
  socket.send(encodeControl({ type: 'resize', rows: 50, columns: 100 }));
  socket.send(encodeControl({ type: 'eof' }));
  let received = '';
  for await (const chunk of fake.stdin) received += String(chunk);
  expect(received).toBe('hello');
  expect(fake.resize).toHaveBeenCalledWith(50, 100);
  fake.stdout.write('out');
  fake.stderr.write('err');
  fake.end(3);
  const { code, frames } = await closed;
  expect(frames.slice(0, 2).toSorted()).toEqual(['stderr err', 'stdout out']);
  expect(frames.slice(2)).toEqual(['control {"type":"exit","code":3}']);
  expect(code).toBe(1000);
  expect(exec).toHaveBeenCalledWith(
    'shop',
    { service: 'web', argv: ['cat', '-'], tty: true, rows: 40, columns: 120 },
    expect.any(AbortSignal),
  );
});

test('a shell is a login shell unless a command is given', async () => {
  const shell = vi.fn(async () => {
    const fake = fakeProcess();
    fake.end(0);
    return fake.process;
  });
  await using at = await serve(fakeServices({ environments: { shell } }));
  await converse(at.path, '/v1/environments/shop/shell').closed;
  await converse(at.path, '/v1/environments/shop/shell?cmd=ls').closed;
  const plain = { tty: false, rows: 24, columns: 80 };
  expect(shell.mock.calls).toEqual([
    ['shop', plain, expect.any(AbortSignal)],
    ['shop', { ...plain, argv: ['ls'] }, expect.any(AbortSignal)],
  ]);
});

test('input sent before the process is there is not lost', async () => {
  const fake = fakeProcess();
  const ready = Promise.withResolvers<void>();
  const shell = async () => {
    await ready.promise;
    return fake.process;
  };
  await using at = await serve(fakeServices({ environments: { shell } }));
  const { socket, opened, closed } = converse(at.path, '/v1/environments/shop/shell');
  await opened;
  socket.send(input('early'));
  socket.send(encodeControl({ type: 'eof' }));
  ready.resolve();
  let received = '';
  for await (const chunk of fake.stdin) received += String(chunk);
  expect(received).toBe('early');
  fake.end(0);
  await closed;
});

test('a process that cannot be started ends the socket with its failure', async () => {
  const exec = async () => {
    throw berthError('not-running', 'shop is stopped', { remedy: './berth start shop' });
  };
  await using at = await serve(fakeServices({ environments: { exec } }));
  const { frames } = await converse(at.path, '/v1/environments/shop/exec?service=web&cmd=ls').closed;
  expect(frames).toEqual([
    'control {"type":"error","failure":{"code":"not-running","message":"shop is stopped","remedy":"./berth start shop"}}',
  ]);
});

test('a process that is lost ends the socket with its failure', async () => {
  const fake = fakeProcess();
  await using at = await serve(fakeServices({ environments: { shell: async () => fake.process } }));
  const { opened, closed } = converse(at.path, '/v1/environments/shop/shell');
  await opened;
  fake.exit.reject(berthError('guest-unreachable', 'The connection was lost'));
  expect((await closed).frames).toEqual([expect.stringContaining('"code":"guest-unreachable"')]);
});

test('the process is killed when its client goes, and its signal aborts', async () => {
  const fake = fakeProcess();
  let signal: AbortSignal | undefined;
  const shell = async (_name: string, _options: object, given: AbortSignal) => {
    signal = given;
    return fake.process;
  };
  await using at = await serve(fakeServices({ environments: { shell } }));
  const { socket, opened } = converse(at.path, '/v1/environments/shop/shell');
  await opened;
  await vi.waitFor(() => expect(signal).toBeDefined());
  socket.terminate();
  await vi.waitFor(() => expect(fake.kill).toHaveBeenCalled());
  expect(signal?.aborted).toBe(true);
});

test('a process that starts after its client went is killed', async () => {
  const fake = fakeProcess();
  const asked = Promise.withResolvers<void>();
  const ready = Promise.withResolvers<void>();
  const shell = async (_name: string, _options: object, signal: AbortSignal) => {
    signal.addEventListener('abort', () => ready.resolve());
    asked.resolve();
    await ready.promise;
    return fake.process;
  };
  await using at = await serve(fakeServices({ environments: { shell } }));
  const { socket, opened } = converse(at.path, '/v1/environments/shop/shell');
  await opened;
  await asked.promise;
  socket.terminate();
  await vi.waitFor(() => expect(fake.kill).toHaveBeenCalled());
});

test('processes end when the server closes', async () => {
  const fake = fakeProcess();
  await using at = await serve(fakeServices({ environments: { shell: async () => fake.process } }));
  const { opened, closed } = converse(at.path, '/v1/environments/shop/shell');
  await opened;
  await at.server.close();
  await closed;
  await vi.waitFor(() => expect(fake.kill).toHaveBeenCalled());
});

test('output that something holds open is not waited for without end', async () => {
  const fake = fakeProcess();
  await using at = await serve(fakeServices({ environments: { shell: async () => fake.process } }));
  const { opened, closed } = converse(at.path, '/v1/environments/shop/shell');
  await opened;
  fake.stdout.write('last words');
  fake.exit.resolve(0);
  const { frames } = await closed;
  expect(frames).toEqual(['stdout last words', 'control {"type":"exit","code":0}']);
});

test('a process that does not read holds its client back', async () => {
  const fake = fakeProcess();
  await using at = await serve(fakeServices({ environments: { shell: async () => fake.process } }));
  const { socket, opened, closed } = converse(at.path, '/v1/environments/shop/shell');
  await opened;
  const piece = encodeFrame('stdin', Buffer.alloc(MAX_FRAME_BYTES - 1));
  for (let sent = 0; sent < 16; sent++) socket.send(piece);
  await vi.waitFor(() => expect(fake.stdin.writableNeedDrain).toBe(true));
  expect(fake.stdin.writableLength).toBeLessThan(4 * MAX_FRAME_BYTES);
  let received = 0;
  fake.stdin.on('data', (chunk: Buffer) => {
    received += chunk.length;
    if (received === 16 * (MAX_FRAME_BYTES - 1)) fake.end(0);
  });
  expect((await closed).frames).toEqual(['control {"type":"exit","code":0}']);
});

test.each([
  ['an unknown channel', Buffer.from([9, 1])],
  ['no channel', Buffer.alloc(0)],
  ['a channel of the server', encodeFrame('stdout', Buffer.from('x'))],
  ['control that is no JSON', encodeFrame('control', Buffer.from('{'))],
  ['control that is not known', encodeFrame('control', Buffer.from('{"type":"exit","code":0}'))],
])('a message with %s ends the socket and the process', async (_title, message) => {
  const fake = fakeProcess();
  await using at = await serve(fakeServices({ environments: { shell: async () => fake.process } }));
  const { socket, opened, closed } = converse(at.path, '/v1/environments/shop/shell');
  await opened;
  socket.send(message);
  expect((await closed).code).toBe(1008);
  await vi.waitFor(() => expect(fake.kill).toHaveBeenCalled());
});

test.each([
  ['/v1/environments/shop/exec?cmd=ls', 'service is required'],
  ['/v1/environments/shop/exec?service=web', 'cmd is required'],
  ['/v1/environments/shop/shell?rows=0', 'rows must be >= 1'],
  ['/v1/environments/shop/shell?who=1', 'who is not a known field'],
])('%s is refused before the upgrade', async (url, message) => {
  await using at = await serve(fakeServices({}));
  const socket = new WebSocket(`ws+unix:${at.path}:${url}`);
  const refusal = await new Promise<{ status: number; text: string }>((resolve) => {
    socket.on('error', () => undefined);
    socket.once('unexpected-response', (_request, response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
  });
  expect(refusal.status).toBe(400);
  expect(refusal.text).toContain(message);
});
