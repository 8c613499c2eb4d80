import { createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { firstAnswer } from '../../../bench/measure/first-answer.ts';

const servers: Server[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

async function listen(onConnection: (socket: Socket) => void, port = 0): Promise<number> {
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  servers.push(server);
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function ask(port: number, o: { timeoutMs?: number; signal?: AbortSignal } = {}): Promise<number> {
  const { timeoutMs = 10_000, signal = new AbortController().signal } = o;
  return firstAnswer({ host: '127.0.0.1', port, path: '/peek' }, { timeoutMs, signal, companionMs: 20 });
}

const answer = (socket: Socket, status: string) =>
  socket.once('data', () => socket.end(`HTTP/1.1 ${status}\r\n\r\nbody`));

test('waits for a port that opens later', async () => {
  const port = await listen(() => undefined);
  await new Promise((resolve) => servers.pop()?.close(resolve));
  const asked = ask(port);
  const openedMs = performance.now();
  await listen((socket) => answer(socket, '200 OK'), port);
  expect(await asked).toBeGreaterThan(openedMs);
});

test('an answer that is not 200 is not the first answer', async () => {
  let calls = 0;
  const port = await listen((socket) => answer(socket, ++calls < 3 ? '503 Service Unavailable' : '200 OK'));
  await ask(port);
  expect(calls).toBe(3);
});

test('a connection that is never answered does not hold up the next', async () => {
  let calls = 0;
  const port = await listen((socket) => {
    if (++calls > 2) answer(socket, '200 OK');
  });
  await ask(port);
  expect(calls).toBe(3);
});

test('asks for the path and leaves nothing open', async () => {
  const requests: string[] = [];
  const port = await listen((socket) => {
    socket.on('data', (data) => requests.push(data.toString()));
    answer(socket, '200 OK');
  });
  await ask(port);
  expect(requests[0]).toMatch(/^GET \/peek HTTP\/1\.0\r\n/);
});

test('ends at its deadline and with its signal', async () => {
  const port = await listen(() => undefined);
  await expect(ask(port, { timeoutMs: 50 })).rejects.toThrow(/within 50 ms/);
  const reason = new Error('enough');
  await expect(ask(port, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});
