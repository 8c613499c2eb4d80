import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { expect, test } from 'vitest';
import { berthError } from '../../../src/errors/index.ts';
import { Rig } from './rig.ts';

const MIB = 1024 ** 2;

function echo(incoming: IncomingMessage, answer: ServerResponse): void {
  answer.writeHead(201, 'Made', { 'Api-Version': '1.41', 'X-Path': incoming.url ?? '' });
  incoming.pipe(answer);
}

test('a request and its answer pass as they are', async () => {
  await using rig = await Rig.start({ onRequest: echo });
  const answer = await rig.call('POST', '/v1.41/x?a=%20b', 'hello');
  expect(answer).toMatchObject({ status: 201, body: 'hello' });
  expect(answer.headers).toMatchObject({ 'api-version': '1.41', 'x-path': '/v1.41/x?a=%20b' });
});

test('what the engine says of a HEAD, and of what is not there, comes through', async () => {
  await using rig = await Rig.start({
    onRequest: ({ method }, answer) => {
      answer.writeHead(method === 'HEAD' ? 200 : 404, { 'Content-Length': 5, 'X-Stat': 'abc' });
      answer.end(method === 'HEAD' ? undefined : 'gone\n');
    },
  });
  expect(await rig.call('HEAD', '/x')).toMatchObject({ status: 200, body: '', headers: { 'x-stat': 'abc' } });
  expect(await rig.call('GET', '/x')).toMatchObject({ status: 404, body: 'gone\n' });
});

test('streams to the engine are used again', async () => {
  await using rig = await Rig.start({ onRequest: echo });
  for (let count = 0; count < 5; count += 1) await rig.call('GET', '/_ping');
  expect(rig.accepted).toBe(1);
});

test('a kept stream that the engine has closed is no failure', async () => {
  await using rig = await Rig.start({ onRequest: echo });
  await rig.call('GET', '/_ping');
  for (const socket of rig.connections) socket.destroy();
  expect(await rig.call('GET', '/_ping')).toMatchObject({ status: 201 });
});

test('100 clients at once are all served', async () => {
  await using rig = await Rig.start({ onRequest: echo });
  const calls = Array.from({ length: 100 }, (_, index) => rig.call('POST', `/${index}`, `body ${index}`));
  const answers = await Promise.all(calls);
  expect(answers.map(({ body }) => body)).toEqual(answers.map((_, index) => `body ${index}`));
  expect(rig.connections.size).toBeLessThanOrEqual(8);
});

test('an answer is passed on as it comes, headers first', async () => {
  let engine: ServerResponse | undefined;
  await using rig = await Rig.start({
    onRequest: (_incoming, answer) => {
      engine = answer;
      answer.writeHead(200);
      answer.flushHeaders();
    },
  });
  const outgoing = rig.request({ path: '/events' });
  outgoing.end();
  const [events] = (await once(outgoing, 'response')) as [IncomingMessage];
  engine?.write('one\n');
  expect(String((await once(events, 'data'))[0])).toBe('one\n');
  engine?.end();
  await once(events, 'end');
});

test('large bodies pass in both directions without being stored', async () => {
  let received = 0;
  await using rig = await Rig.start({
    onRequest: (incoming, answer) => {
      incoming.on('data', (chunk: Buffer) => {
        received += chunk.length;
      });
      incoming.on('end', () => {
        const block = Buffer.alloc(MIB);
        Readable.from(Array.from({ length: 64 }, () => block)).pipe(answer);
      });
    },
  });
  const before = process.memoryUsage().rss;
  const outgoing = rig.request({ method: 'POST', path: '/images/load' });
  const sent = pipeline(Readable.from(Array.from({ length: 64 }, () => Buffer.alloc(MIB))), outgoing);
  const [saved] = (await once(outgoing, 'response')) as [IncomingMessage];
  let size = 0;
  for await (const chunk of saved) size += (chunk as Buffer).length;
  await sent;
  expect([received, size]).toEqual([64 * MIB, 64 * MIB]);
  expect(process.memoryUsage().rss - before).toBeLessThan(200 * MIB);
});

test('a client that goes takes its stream with it', async () => {
  await using rig = await Rig.start({
    onRequest: (_incoming, answer) => {
      answer.write('line\n');
    },
  });
  const outgoing = rig.request({ path: '/containers/x/logs?follow=1' });
  outgoing.on('error', () => undefined).end();
  const [logs] = (await once(outgoing, 'response')) as [IncomingMessage];
  logs.on('error', () => undefined);
  expect(rig.connections.size).toBe(1);
  outgoing.destroy();
  await expect.poll(() => rig.connections.size).toBe(0);
});

test('an engine that breaks off in the middle does not look like an end', async () => {
  await using rig = await Rig.start({
    onRequest: (_incoming, answer) => {
      answer.write('half');
      setImmediate(() => answer.destroy());
    },
  });
  await expect(rig.call('GET', '/x')).rejects.toMatchObject({ code: 'ECONNRESET' });
});

test('an engine that answers before it has read everything is heard', async () => {
  await using rig = await Rig.start({
    onRequest: (_incoming, answer) => {
      answer.writeHead(400, { Connection: 'close' }).end('{"message":"no"}');
    },
  });
  const outgoing = rig.request({ method: 'POST', path: '/build' });
  outgoing.on('error', () => undefined);
  outgoing.write(Buffer.alloc(MIB));
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  expect(answer.statusCode).toBe(400);
  outgoing.destroy();
});

test('without a machine the answer says what to do', async () => {
  const stopped = berthError('not-running', 'environment "shop" is stopped', { remedy: 'Start it.' });
  await using rig = await Rig.start({ backend: { engineSocket: () => Promise.reject(stopped) } });
  const answer = await rig.call('GET', '/_ping');
  expect(answer.status).toBe(503);
  expect(JSON.parse(answer.body)).toEqual({ message: 'environment "shop" is stopped. Start it.' });
  const raw = rig
    .raw()
    .send('POST /exec/1/start HTTP/1.1', 'Host: x', 'Connection: Upgrade', 'Upgrade: tcp', '', '');
  await raw.ended;
  expect(raw.heard).toMatch(/^HTTP\/1\.1 503 [\s\S]*Start it\./);
});

test('garbage is answered and ends the connection', async () => {
  await using rig = await Rig.start({ onRequest: echo });
  const raw = rig.raw().send('\u0000\u0001garbage', '', '');
  await raw.ended;
  expect(raw.heard).toMatch(/^HTTP\/1\.1 400 /);
  expect(await rig.call('GET', '/')).toMatchObject({ status: 201 });
});

test('who starts a container is answered when its ports are open; other answers do not wait', async () => {
  let settle: () => void = () => undefined;
  const settled = new Promise<void>((resolve) => {
    settle = resolve;
  });
  await using rig = await Rig.start({
    onRequest: ({ url }, answer) => answer.writeHead(url?.includes('missing') === true ? 404 : 204).end(),
    backend: { portsSettled: () => settled },
  });
  let isAnswered = false;
  const started = rig.call('POST', '/v1.41/containers/web/start').then((answer) => {
    isAnswered = true;
    return answer;
  });
  expect((await rig.call('POST', '/v1.41/containers/missing/start')).status).toBe(404);
  expect((await rig.call('POST', '/containers/web/wait')).status).toBe(204);
  expect(isAnswered).toBe(false);
  settle();
  expect((await started).status).toBe(204);
});
