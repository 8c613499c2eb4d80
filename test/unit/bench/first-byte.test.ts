import { createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { firstByte } from '../../../bench/measure/first-byte.ts';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

async function listen(onRequest: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => onRequest(socket));
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function ask(port: number, o: { timeoutMs?: number; signal?: AbortSignal } = {}): Promise<number> {
  const { timeoutMs = 10_000, signal = new AbortController().signal } = o;
  return firstByte({ host: '127.0.0.1', port, path: '/peek' }, { timeoutMs, signal });
}

test('counts to the first byte, not to the last', async () => {
  let firstMs = 0;
  let lastMs = 0;
  const port = await listen((socket) => {
    firstMs = performance.now();
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    setTimeout(() => {
      lastMs = performance.now();
      socket.end('body');
    }, 100);
  });
  expect(await ask(port)).toBeLessThan(lastMs - firstMs);
});

test('one connection is all there is: closed without an answer, or answered badly, is an error', async () => {
  const silent = await listen((socket) => socket.end());
  await expect(ask(silent)).rejects.toThrow(/answered nothing/);
  const broken = await listen((socket) => socket.end('HTTP/1.1 503 Service Unavailable\r\n\r\n'));
  await expect(ask(broken)).rejects.toThrow(/503/);
  await expect(ask(1)).rejects.toThrow(/ECONNREFUSED/);
});

test('ends at its deadline and with its signal', async () => {
  const port = await listen((socket) => setTimeout(() => socket.destroy(), 200));
  await expect(ask(port, { timeoutMs: 20 })).rejects.toThrow(/within 20 ms/);
  const reason = new Error('enough');
  await expect(ask(port, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});
