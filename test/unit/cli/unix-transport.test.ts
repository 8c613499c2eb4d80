import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { createUnixTransport, type UnixTransport } from '../../../src/cli/transport/unix-transport.ts';

let directory = '';
let socketPath = '';
let server: Server;
let transport: UnixTransport;
let connections = 0;

beforeEach(async () => {
  // With characters that a URL would have to escape.
  directory = await mkdtemp(join(tmpdir(), 'berth a:b%20c-'));
  socketPath = join(directory, 'api.sock');
  server = createServer();
  connections = 0;
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  transport = createUnixTransport(socketPath);
});

afterEach(async () => {
  transport.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(directory, { recursive: true });
});

function answer(handle: (request: IncomingMessage, response: ServerResponse) => void): void {
  server.on('request', handle);
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

test('sends a request and reads its answer, over one connection that is kept', async () => {
  answer((request, response) => {
    request.setEncoding('utf8');
    let body = '';
    request.on('data', (chunk: string) => (body += chunk));
    request.on('end', () =>
      response.writeHead(202, { 'x-kind': 'test' }).end(`${request.method} ${request.url} ${body}`),
    );
  });
  for (const round of [1, 2, 3]) {
    const request = {
      method: 'POST',
      path: `/v1/x?y=${round}`,
      headers: { 'content-type': 'application/json' },
    } as const;
    const response = await transport.request({ ...request, body: '{"a":"ü"}' });
    expect(response.status).toBe(202);
    expect(response.headers['x-kind']).toBe('test');
    expect(await textOf(response.body)).toBe(`POST /v1/x?y=${round} {"a":"ü"}`);
  }
  expect(connections).toBe(1);
});

test('nobody at the socket is daemon-not-running', async () => {
  const nowhere = createUnixTransport(join(directory, 'nothing.sock'));
  const request = nowhere.request({ method: 'GET', path: '/v1/version', headers: {} });
  await expect(request).rejects.toMatchObject({ code: 'daemon-not-running', exitCode: 6 });
  await expect(nowhere.openSocket('/v1/x')).rejects.toMatchObject({ code: 'daemon-not-running' });
});

test('an answer that breaks off is told, not taken for whole', async () => {
  answer((_request, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('half');
    setImmediate(() => response.destroy());
  });
  const response = await transport.request({ method: 'GET', path: '/', headers: {} });
  await expect(textOf(response.body)).rejects.toMatchObject({ code: 'daemon-not-running' });
});

test('aborting ends a stream with the reason given, and its connection', async () => {
  const closed = new Promise<void>((resolve) => {
    answer((_request, response) => {
      response.once('close', () => resolve());
      response.write('data: 1\n\n');
    });
  });
  const leaving = new AbortController();
  const response = await transport.request({ method: 'GET', path: '/', headers: {}, signal: leaving.signal });
  const reason = new Error('enough');
  const read = (async () => {
    for await (const chunk of response.body) {
      expect(Buffer.from(chunk).toString()).toBe('data: 1\n\n');
      leaving.abort(reason);
    }
  })();
  await expect(read).rejects.toBe(reason);
  await closed;
});

test('leaving a stream early ends its connection', async () => {
  const closed = new Promise<void>((resolve) => {
    answer((_request, response) => {
      response.once('close', () => resolve());
      response.write('x');
    });
  });
  const response = await transport.request({ method: 'GET', path: '/', headers: {} });
  const chunks = response.body[Symbol.asyncIterator]();
  await chunks.next();
  await chunks.return?.();
  await closed;
});

test('a WebSocket carries binary messages both ways and ends in order', async () => {
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket, request) => {
    socket.on('message', (data) => {
      socket.send(Buffer.concat([Buffer.from(`${request.url} `), data as Buffer]));
      socket.send('bye');
      socket.close(1000);
    });
  });
  const socket = await transport.openSocket('/v1/exec?cmd=a%3Ab');
  await socket.send(Buffer.from('hi'));
  const seen: string[] = [];
  for await (const message of socket.messages) seen.push(Buffer.from(message).toString());
  expect(seen).toEqual(['/v1/exec?cmd=a%3Ab hi', 'bye']);
  socket.close();
});

test('an answer in place of a WebSocket is the failure in it', async () => {
  server.on('upgrade', (_request, socket) => {
    const body = JSON.stringify({ code: 'not-found', message: 'no shop', remedy: 'look' });
    socket.end(
      `HTTP/1.1 404 Not Found\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
    );
  });
  await expect(transport.openSocket('/v1/exec')).rejects.toMatchObject({
    code: 'not-found',
    message: 'no shop',
  });
});

test('a WebSocket that breaks is told after what came before', async () => {
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) => {
    socket.send('one', () => socket.terminate());
  });
  const socket = await transport.openSocket('/');
  const seen: string[] = [];
  const read = (async () => {
    for await (const message of socket.messages) seen.push(Buffer.from(message).toString());
  })();
  await expect(read).rejects.toMatchObject({ code: 'daemon-not-running' });
  expect(seen).toEqual(['one']);
});
