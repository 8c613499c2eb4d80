import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createIngress, type Ingress } from '../../../src/ingress/index.ts';
import { Loopback, MACHINE, PUBLIC, published, read } from './loopback.ts';

const SECOND = '127.0.0.72';
const THIRD = '127.0.0.73';
const SOON = AbortSignal.timeout(20_000);

let net: Loopback;
let ingress: Ingress;
beforeEach(() => {
  net = new Loopback();
  ingress = createIngress();
});
afterEach(async () => {
  await ingress.close();
  await net.close();
});

/** Tells its name to each who asks. */
const named = (name: string) => (socket: Socket) => void socket.end(name);
const echo = (name: string) => (socket: Socket) => {
  socket.on('data', (text) => socket.write(`${name}:${text.toString()}`));
  socket.on('end', () => socket.end());
};

/** Publishes a port for several machines, each of which listens on the same port of its own address. */
async function publish(
  machines: readonly ((socket: Socket) => void)[],
  o: { readonly isShared?: boolean } = {},
): Promise<number> {
  const [own, second, third] = machines;
  const port = await net.serve(own ?? echo(''), MACHINE);
  if (second !== undefined) await net.serve(second, SECOND, port);
  if (third !== undefined) await net.serve(third, THIRD, port);
  const at = await net.freePort();
  await ingress.publish('env', published(at), { host: MACHINE, port, isShared: true, ...o });
  ingress.join('env', { id: 'r1', host: SECOND });
  ingress.join('env', { id: 'r2', host: THIRD });
  return at;
}

async function ask(port: number): Promise<string> {
  const client = net.client(port);
  const answer = read(client);
  client.end();
  return answer;
}

async function askAll(port: number, times: number): Promise<string[]> {
  const answers: string[] = [];
  for (let index = 0; index < times; index++) answers.push(await ask(port));
  return answers.sort();
}

/** Opens a connection that stays; gives the name of the machine that has it. */
async function hold(port: number): Promise<{ readonly name: string; readonly socket: Socket }> {
  const socket = net.client(port);
  socket.write('?');
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  return { name: chunk.toString().split(':')[0] ?? '', socket };
}

const health = () => ingress.loads('env').map(({ id, failure }) => (failure === undefined ? id : `${id}!`));

test('several machines take connections in turn', async () => {
  const port = await publish([named('a'), named('b'), named('c')]);
  expect(await askAll(port, 6)).toEqual(['a', 'a', 'b', 'b', 'c', 'c']);
});

test('the one with the fewest open connections gets the next', async () => {
  const port = await publish([echo('a'), echo('b'), echo('c')]);
  const held = [await hold(port), await hold(port), await hold(port)];
  expect(held.map(({ name }) => name).sort()).toEqual(['a', 'b', 'c']);
  const [first] = held;
  first?.socket.destroy();
  await expect.poll(() => ingress.connections('env')).toBe(2);
  expect((await hold(port)).name).toBe(first?.name);
  expect(ingress.loads('env').map(({ connections }) => connections)).toEqual([1, 1, 1]);
});

test('a port that is not shared leads to the own machine only', async () => {
  const port = await publish([named('a'), named('b')], { isShared: false });
  expect(await askAll(port, 4)).toEqual(['a', 'a', 'a', 'a']);
});

test('a machine that refuses is passed over, and no client learns of it', async () => {
  const port = await publish([named('a'), named('b')]);
  expect(await askAll(port, 9)).toEqual(expect.arrayContaining(['a', 'b']));
  expect((await askAll(port, 20)).every((answer) => answer === 'a' || answer === 'b')).toBe(true);
  expect(health()).toEqual(['env', 'r1', 'r2!']);
  expect(ingress.loads('env')[2]?.failure).toMatchObject({ reason: 'ECONNREFUSED', times: 1 });
});

test('one that accepts and resets before a byte is passed over, too', async () => {
  const port = await publish([(socket) => void socket.resetAndDestroy(), named('b')]);
  const client = net.client(port);
  expect(await read(client)).toBe('b');
  expect(health()).toContain('env!');
});

test('where all refuse the client learns it by a reset; who is back is used again', async () => {
  const port = await net.freePort(MACHINE);
  const at = await net.freePort();
  await ingress.publish('env', published(at), { host: MACHINE, port, isShared: true });
  ingress.join('env', { id: 'r1', host: SECOND });
  expect(await ask(at)).toBe('ECONNRESET');
  expect(health()).toEqual(['env!', 'r1!']);
  await net.serve(named('b'), SECOND, port);
  expect(await ask(at)).toBe('b');
  expect(health()).toContain('r1');
});

test('a connection on which something was said is not repeated elsewhere', async () => {
  let asked = 0;
  const once = (socket: Socket) =>
    void socket.on('data', () => {
      asked += 1;
      socket.resetAndDestroy();
    });
  const port = await publish([once, once, once]);
  const client = net.client(port);
  client.write('order');
  expect(await read(client)).toBe('ECONNRESET');
  expect(asked).toBe(1);
});

test('who leaves loses its connections; those on which nothing was said go elsewhere', async () => {
  const silent: Socket[] = [];
  const port = await publish([echo('a'), echo('b'), echo('c')]);
  for (let index = 0; index < 3; index++) {
    const socket = net.client(port);
    await once(socket, 'connect');
    silent.push(socket);
  }
  await expect.poll(() => ingress.loads('env').map(({ connections }) => connections)).toEqual([1, 1, 1]);
  const spoken = [await hold(port), await hold(port), await hold(port)];
  const lost = spoken.find(({ name }) => name === 'b');
  const ended = read(lost?.socket ?? net.client(port));
  ingress.leave('env', 'r1');
  expect(await ended).toBe('ECONNRESET');
  await expect.poll(() => ingress.connections('env')).toBe(5);
  const names = silent.map(async (socket) => {
    socket.write('?');
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    return chunk.toString().split(':')[0];
  });
  expect((await Promise.all(names)).includes('b')).toBe(false);
});

test('one that drains gets no more, and is waited for', async () => {
  const port = await publish([echo('a'), echo('b'), echo('c')]);
  const held = [await hold(port), await hold(port), await hold(port)];
  const other = held.find(({ name }) => name === 'c');
  const drained = ingress.drain('env', 'r2', SOON);
  const more = [await hold(port), await hold(port), await hold(port)];
  expect(more.map(({ name }) => name)).not.toContain('c');
  other?.socket.write('still');
  const [chunk] = (await once(other?.socket ?? net.client(port), 'data')) as [Buffer];
  expect(chunk.toString()).toBe('c:still');
  other?.socket.end();
  expect(await drained).toBe(0);
});

test('a drain that takes too long says how many are left', async () => {
  const port = await publish([echo('a'), echo('b'), echo('c')]);
  for (let index = 0; index < 6; index++) await hold(port);
  expect(await ingress.drain('env', 'r2', AbortSignal.timeout(20))).toBe(2);
  expect(await ingress.drain('env', 'nobody', SOON)).toBe(0);
  // It stays after all: what it has goes on, and it gets more.
  ingress.join('env', { id: 'r2', host: THIRD });
  expect(ingress.loads('env')[2]).toMatchObject({ connections: 2, isDraining: false });
  expect((await hold(port)).name).toBe('a');
  expect((await hold(port)).name).toBe('b');
  expect((await hold(port)).name).toBe('c');
});

test('the own machine may go, and come back', async () => {
  const port = await publish([named('a'), named('b')]);
  ingress.leave('env', 'env');
  expect(await askAll(port, 4)).toEqual(['b', 'b', 'b', 'b']);
  await ingress.withdraw('r1');
  expect(await ask(port)).toBe('ECONNRESET');
});

test('how long answers took is known', async () => {
  const port = await publish([
    (socket) => void socket.on('data', () => setTimeout(() => socket.write('late'), 30)),
  ]);
  expect(ingress.takeAnswerMs('env')).toBeUndefined();
  const client = net.client(port);
  client.write('?');
  await once(client, 'data');
  expect(ingress.takeAnswerMs('env')).toBeGreaterThan(25);
  expect(ingress.takeAnswerMs('env')).toBeUndefined();
});

test('each client of a UDP port keeps its machine; when that goes, it gets another', async () => {
  const servers = await Promise.all(
    [MACHINE, SECOND].map(async (address, index) => {
      const server = createSocket('udp4');
      server.bind(index === 0 ? 0 : 40_053, address);
      await once(server, 'listening');
      return server;
    }),
  );
  const [own, second] = servers;
  const { port } = own?.address() ?? { port: 0 };
  second?.close();
  const other = createSocket('udp4');
  other.bind(port, SECOND);
  await once(other, 'listening');
  own?.on('message', (_, from) => own.send('a', from.port, from.address));
  other.on('message', (_, from) => other.send('b', from.port, from.address));
  const at = await net.freePort();
  await ingress.publish('env', published(at, { protocol: 'udp' }), { host: MACHINE, port, isShared: true });
  ingress.join('env', { id: 'r1', host: SECOND });
  const clients = [createSocket('udp4'), createSocket('udp4')];
  const say = async (client: ReturnType<typeof createSocket>) => {
    client.send('?', at, PUBLIC);
    const [answer] = (await once(client, 'message')) as [Buffer];
    return answer.toString();
  };
  const first = [await say(clients[0] as never), await say(clients[1] as never)];
  expect(first.toSorted()).toEqual(['a', 'b']);
  expect([await say(clients[0] as never), await say(clients[1] as never)]).toEqual(first);
  ingress.leave('env', 'r1');
  expect([await say(clients[0] as never), await say(clients[1] as never)]).toEqual(['a', 'a']);
  for (const socket of [own, other, ...clients]) socket?.close();
});
