import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createIngress, type Ingress } from '../../../src/ingress/index.ts';
import { Loopback, MACHINE, published, read } from './loopback.ts';

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

async function publish(target: number, owner = 'env'): Promise<number> {
  const port = await net.freePort();
  await ingress.publish(owner, published(port), { host: MACHINE, port: target });
  return port;
}

const echo = (socket: Socket) => socket.pipe(socket);

test('carries bytes both ways, more than any buffer holds', async () => {
  const port = await publish(await net.serve(echo));
  const data = Buffer.alloc(8 * 1024 * 1024, 'abcdefghij');
  const client = net.client(port);
  const hash = createHash('sha256');
  client.end(data);
  for await (const chunk of client) hash.update(chunk as Buffer);
  expect(hash.digest('hex')).toBe(createHash('sha256').update(data).digest('hex'));
});

test('a client that has ended its direction still gets the answer', async () => {
  const port = await publish(
    await net.serve((socket) => {
      void read(socket).then((question) => socket.end(`answer to ${question}`));
    }),
  );
  const client = net.client(port);
  client.end('question');
  expect(await read(client)).toBe('answer to question');
});

test('a server that has ended its direction still gets the rest', async () => {
  let received: Promise<string> | undefined;
  const port = await publish(
    await net.serve((socket) => {
      received = read(socket);
      socket.end('greeting');
    }),
  );
  const client = net.client(port);
  expect(await read(client)).toBe('greeting');
  client.end('late');
  await expect.poll(() => received).toBeDefined();
  expect(await received).toBe('late');
});

test('a slow reader holds the sender back', async () => {
  let sent = 0;
  const port = await publish(
    await net.serve((socket) => {
      const chunk = Buffer.alloc(1024 * 1024);
      const write = () => {
        sent += chunk.length;
        if (sent < 256 * chunk.length) socket.write(chunk, write);
      };
      write();
    }),
  );
  const client = net.client(port);
  client.pause();
  await once(client, 'connect');
  let before = -1;
  // Until a whole interval passes without progress: all buffers between the two are full.
  await expect
    .poll(
      () => {
        const standing = sent === before;
        before = sent;
        return standing;
      },
      { interval: 150, timeout: 10_000 },
    )
    .toBe(true);
  expect(sent).toBeLessThan(64 * 1024 * 1024);
});

test('a target that refuses shows as a reset, not as an empty answer', async () => {
  const port = await publish(await net.freePort(MACHINE));
  expect(await read(net.client(port))).toBe('ECONNRESET');
});

test('a reset by the server becomes a reset for the client, other connections go on', async () => {
  const sockets: Socket[] = [];
  const port = await publish(await net.serve((socket) => sockets.push(socket)));
  const [first, second] = [net.client(port), net.client(port)];
  first.write('1');
  second.write('2');
  const contents = new Map<string, Socket>();
  await expect.poll(() => sockets.length).toBe(2);
  await Promise.all(
    sockets.map(async (socket) => {
      const [chunk] = (await once(socket, 'data')) as [Buffer];
      contents.set(chunk.toString(), socket);
    }),
  );
  contents.get('1')?.resetAndDestroy();
  expect(await read(first)).toBe('ECONNRESET');
  contents.get('2')?.end('still here');
  expect(await read(second)).toBe('still here');
});

test('a client that vanishes takes its connection to the server along', async () => {
  let serverSide: Socket | undefined;
  const port = await publish(
    await net.serve((socket) => {
      serverSide = socket.resume();
    }),
  );
  const client = net.client(port);
  client.write('hello');
  await expect.poll(() => serverSide).toBeDefined();
  expect(ingress.connections('env')).toBe(1);
  client.resetAndDestroy();
  await expect.poll(() => serverSide?.destroyed).toBe(true);
  await expect.poll(() => ingress.connections('env')).toBe(0);
});

test('withdraw ends the connections and frees the port', async () => {
  const target = await net.serve(echo);
  const port = await publish(target);
  const client = net.client(port);
  client.write('x');
  await once(client, 'data');
  await ingress.withdraw('env');
  await ingress.withdraw('env');
  expect(await read(client)).toBe('ECONNRESET');
  expect(ingress.connections('env')).toBe(0);
  const again = net.client(port);
  expect(await read(again)).toBe('ECONNREFUSED');
  await ingress.publish('other', published(port), { host: MACHINE, port: target });
});

test('withdraw touches no other environment', async () => {
  const target = await net.serve(echo);
  await publish(target, 'one');
  const port = await publish(target, 'two');
  const client = net.client(port);
  client.write('x');
  await once(client, 'data');
  await ingress.withdraw('one');
  client.end('y');
  expect(await read(client)).toBe('y');
});

test('publishing again leads new connections to the new target', async () => {
  const [one, two] = [await net.serve((s) => s.end('one')), await net.serve((s) => s.end('two'))];
  const port = await publish(one);
  expect(await read(net.client(port))).toBe('one');
  await ingress.publish('env', published(port), { host: MACHINE, port: two });
  expect(await read(net.client(port))).toBe('two');
});
