import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createIngress, type Gate, type Ingress, matchAddresses } from '../../../src/ingress/index.ts';
import { Loopback, MACHINE, PUBLIC, published, read } from './loopback.ts';

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

/** A machine that sleeps until it is woken. */
class Sleeper implements Gate {
  readonly woken = Promise.withResolvers<boolean>();
  isAwake = false;
  passes = 0;
  touches = 0;
  waitsForData = false;

  pass(_source: string, knock: () => Promise<boolean>): Promise<boolean> | undefined {
    this.passes += 1;
    if (this.isAwake) return undefined;
    return this.waitsForData ? knock().then((spoken) => spoken && this.woken.promise) : this.woken.promise;
  }

  touch(): void {
    this.touches += 1;
  }

  wake(): void {
    this.isAwake = true;
    this.woken.resolve(true);
  }
}

async function publish(gate: Gate, onConnection: (socket: Socket) => void): Promise<number> {
  const target = { host: MACHINE, port: await net.serve(onConnection), gate };
  const port = await net.freePort();
  await ingress.publish('env', published(port), target);
  return port;
}

const echo = (socket: Socket) => socket.pipe(socket);

test('a connection is held until the machine is woken, and what was sent arrives once', async () => {
  const gate = new Sleeper();
  let connections = 0;
  const port = await publish(gate, (socket) => {
    connections += 1;
    echo(socket);
  });
  const data = 'x'.repeat(3 * 1024 * 1024);
  const client = net.client(port);
  client.end(data);
  await expect.poll(() => gate.passes).toBe(1);
  expect(connections).toBe(0);
  gate.wake();
  expect((await read(client)) === data).toBe(true);
  expect(connections).toBe(1);
  expect(gate.touches).toBeGreaterThan(1);
});

test('two hundred connections wait for the same wake', async () => {
  const gate = new Sleeper();
  const port = await publish(gate, echo);
  const clients = Array.from({ length: 200 }, (_, index) => {
    const client = net.client(port);
    client.end(`number ${index}`);
    return read(client);
  });
  await expect.poll(() => gate.passes).toBe(200);
  gate.wake();
  expect(await Promise.all(clients)).toEqual(clients.map((_, index) => `number ${index}`));
});

test('those that waited reach a machine that was just woken a few at a time', async () => {
  const gate = new Sleeper();
  let [inside, most] = [0, 0];
  const port = await publish(gate, (socket) => {
    inside += 1;
    most = Math.max(most, inside);
    socket.once('data', () => {
      setImmediate(() => {
        inside -= 1;
        socket.end('done');
      });
    });
  });
  const clients = Array.from({ length: 100 }, () => {
    const client = net.client(port);
    client.end('hello');
    return read(client);
  });
  await expect.poll(() => gate.passes).toBe(100);
  gate.wake();
  expect(await Promise.all(clients)).toEqual(clients.map(() => 'done'));
  expect(most).toBeLessThanOrEqual(8);
});

test('a server that waits for its client, and a client that has gone, hold up nobody', async () => {
  const gate = new Sleeper();
  const port = await publish(gate, (socket) => {
    socket.on('data', (data) => {
      if (data.toString() === 'ask') socket.end('answer');
    });
    socket.on('end', () => socket.end());
  });
  const silent = Array.from({ length: 20 }, () => net.client(port));
  await expect.poll(() => gate.passes).toBe(20);
  const gone = silent.splice(10);
  for (const client of gone) client.destroy();
  const asking = net.client(port);
  asking.end('ask');
  await expect.poll(() => gate.passes).toBe(21);
  gate.wake();
  expect(await read(asking)).toBe('answer');
  for (const client of silent) client.destroy();
  await expect.poll(() => ingress.connections('env')).toBe(0);
});

test('where the client speaks first, a bare connection wakes nobody', async () => {
  const gate = new Sleeper();
  gate.waitsForData = true;
  let connections = 0;
  const port = await publish(gate, (socket) => {
    connections += 1;
    echo(socket);
  });
  const scan = net.client(port);
  await once(scan, 'connect');
  scan.end();
  expect(await read(scan)).toBe('');
  const client = net.client(port);
  await once(client, 'connect');
  client.end('hello');
  gate.wake();
  expect(await read(client)).toBe('hello');
  expect(connections).toBe(1);
});

test('a client of a machine that cannot be woken learns it by a reset', async () => {
  const gate = new Sleeper();
  let connections = 0;
  const port = await publish(gate, () => {
    connections += 1;
  });
  const client = net.client(port);
  await expect.poll(() => gate.passes).toBe(1);
  gate.woken.reject(new Error('no memory'));
  expect(await read(client)).toBe('ECONNRESET');
  expect(connections).toBe(0);
  await expect.poll(() => ingress.connections('env')).toBe(0);
});

test('datagrams wait for the machine, in their order', async () => {
  const gate = new Sleeper();
  const server = createSocket('udp4');
  server.bind(0, MACHINE);
  await once(server, 'listening');
  server.on('message', (message, from) => server.send(message, from.port, from.address));
  const port = await net.freePort();
  const target = { host: MACHINE, port: server.address().port, gate };
  await ingress.publish('env', published(port, { protocol: 'udp' }), target);
  const client = createSocket('udp4');
  const answers: string[] = [];
  client.on('message', (message) => answers.push(message.toString()));
  for (const text of ['a', 'b', 'c']) client.send(text, port, PUBLIC);
  await expect.poll(() => gate.passes).toBe(1);
  expect(answers).toEqual([]);
  gate.wake();
  await expect.poll(() => answers).toEqual(['a', 'b', 'c']);
  client.send('d', port, PUBLIC);
  await expect.poll(() => answers).toEqual(['a', 'b', 'c', 'd']);
  server.close();
  client.close();
});

test('addresses and networks are told apart', () => {
  const matches = matchAddresses(['10.0.0.0/8', '192.168.7.7', '2001:db8::/32']);
  expect(['10.1.2.3', '192.168.7.7', '2001:db8::1', '::ffff:10.1.2.3'].map(matches)).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect(['11.1.2.3', '192.168.7.8', '2001:db9::1', ''].map(matches)).toEqual([false, false, false, false]);
});
