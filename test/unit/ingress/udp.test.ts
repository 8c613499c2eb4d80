import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createIngress, type Ingress } from '../../../src/ingress/index.ts';
import { Loopback, MACHINE, PUBLIC, published } from './loopback.ts';

let ingress: Ingress;
const sockets: Socket[] = [];
beforeEach(() => {
  ingress = createIngress();
});
afterEach(async () => {
  await ingress.close();
  for (const socket of sockets.splice(0)) socket.close();
});

async function bound(address: string): Promise<Socket> {
  const socket = createSocket('udp4');
  sockets.push(socket);
  socket.bind(0, address);
  await once(socket, 'listening');
  return socket;
}

async function publishUdp(target: Socket): Promise<number> {
  const port = await new Loopback().freePort();
  const udp = published(port, { protocol: 'udp' });
  await ingress.publish('env', udp, { host: MACHINE, port: target.address().port });
  return port;
}

async function ask(client: Socket, port: number, text: string): Promise<string> {
  client.send(text, port, PUBLIC);
  const [answer] = (await once(client, 'message')) as [Buffer];
  return answer.toString();
}

test('each client has a session of its own and gets its own answers', async () => {
  const server = await bound(MACHINE);
  const seen = new Set<number>();
  server.on('message', (message: Buffer, from: RemoteInfo) => {
    seen.add(from.port);
    server.send(`echo ${message.toString()}`, from.port, from.address);
  });
  const port = await publishUdp(server);
  const [one, two] = [await bound('127.0.0.1'), await bound('127.0.0.1')];
  expect(await Promise.all([ask(one, port, '1'), ask(two, port, '2')])).toEqual(['echo 1', 'echo 2']);
  expect(await ask(one, port, '3')).toBe('echo 3');
  expect(seen.size).toBe(2);
  expect(ingress.connections('env')).toBe(2);
});

test('datagrams sent before the session is ready arrive in order', async () => {
  const server = await bound(MACHINE);
  const got: string[] = [];
  server.on('message', (message: Buffer) => got.push(message.toString()));
  const port = await publishUdp(server);
  const client = await bound('127.0.0.1');
  for (const text of ['a', 'b', 'c']) client.send(text, port, PUBLIC);
  await expect.poll(() => got).toEqual(['a', 'b', 'c']);
});

test('a dead target harms no later session', async () => {
  const gone = await bound(MACHINE);
  const port = await publishUdp(gone);
  const target = gone.address().port;
  sockets.splice(sockets.indexOf(gone), 1);
  gone.close();
  await once(gone, 'close');
  const client = await bound('127.0.0.1');
  client.send('lost', port, PUBLIC);
  const server = createSocket('udp4').bind(target, MACHINE);
  sockets.push(server);
  await once(server, 'listening');
  server.on('message', (message: Buffer, from: RemoteInfo) => {
    if (message.toString() === 'found') server.send(message, from.port, from.address);
  });
  const answered = once(client, 'message');
  const asking = setInterval(() => client.send('found', port, PUBLIC), 20);
  expect(String((await answered)[0])).toBe('found');
  clearInterval(asking);
});

test('a target that refuses for a while sees the client from the same port before and after', async () => {
  const first = await bound(MACHINE);
  const port = await publishUdp(first);
  const target = first.address().port;
  const client = await bound('127.0.0.1');
  const echo = (server: Socket, seen: number[]) =>
    server.on('message', (message: Buffer, from: RemoteInfo) => {
      seen.push(from.port);
      server.send(message, from.port, from.address);
    });
  const before: number[] = [];
  const after: number[] = [];
  echo(first, before);
  await ask(client, port, 'here');
  sockets.splice(sockets.indexOf(first), 1);
  first.close();
  await once(first, 'close');
  for (let lost = 0; lost < 3; lost += 1) {
    client.send('lost', port, PUBLIC);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(ingress.connections('env')).toBe(1);
  const second = createSocket('udp4').bind(target, MACHINE);
  sockets.push(second);
  await once(second, 'listening');
  echo(second, after);
  const answered = once(client, 'message');
  const asking = setInterval(() => client.send('again', port, PUBLIC), 20);
  await answered;
  clearInterval(asking);
  expect(after[0]).toBe(before[0]);
});

test('the largest datagram there is goes both ways, and an empty one', async () => {
  const server = await bound(MACHINE);
  server.on('message', (message: Buffer, from: RemoteInfo) => server.send(message, from.port, from.address));
  const port = await publishUdp(server);
  const client = await bound('127.0.0.1');
  for (const size of [65_507, 0, 1]) {
    client.send(Buffer.alloc(size, 7), port, PUBLIC);
    const [answer] = (await once(client, 'message')) as [Buffer];
    expect(answer).toHaveLength(size);
  }
});

test('more clients than are remembered: each is answered, and the number stays bounded', async () => {
  const server = await bound(MACHINE);
  server.on('message', (message: Buffer, from: RemoteInfo) => server.send(message, from.port, from.address));
  const port = await publishUdp(server);
  for (let id = 0; id < 1_100; id += 1) {
    const client = createSocket('udp4');
    client.send(String(id), port, PUBLIC);
    const [answer] = (await once(client, 'message')) as [Buffer];
    expect(answer.toString()).toBe(String(id));
    client.close();
  }
  expect(ingress.connections('env')).toBe(1_024);
});

test('publishing again with the same target keeps the sessions', async () => {
  const server = await bound(MACHINE);
  server.on('message', (message: Buffer, from: RemoteInfo) => server.send(message, from.port, from.address));
  const port = await publishUdp(server);
  await ask(await bound('127.0.0.1'), port, 'x');
  const target = { host: MACHINE, port: server.address().port };
  await ingress.publish('env', published(port, { protocol: 'udp' }), target);
  expect(ingress.connections('env')).toBe(1);
});
