import type { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { attachHead, Rig } from './rig.ts';

/** Takes the connection as an engine does, and hands it to the test. */
function hijackWith(use: (socket: Duplex) => void) {
  return (_incoming: unknown, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
    if (head.length > 0) socket.unshift(head);
    use(socket);
  };
}

const upper = hijackWith((socket) => {
  let said = '';
  socket.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  socket.on('end', () => socket.end(said.toUpperCase()));
});

test('input ends by itself, and what the program says after that still comes', async () => {
  await using rig = await Rig.start({ onUpgrade: upper });
  const client = rig.raw().send(...attachHead());
  await expect.poll(() => client.heard).toContain('101 UPGRADED');
  client.socket.end('hello');
  await client.ended;
  expect(client.heard).toMatch(/Upgrade: tcp\r\n\r\nHELLO$/);
  await expect.poll(() => rig.connections.size).toBe(0);
});

test('input that comes together with the request, after its body, reaches the program and not the engine', async () => {
  let body = '';
  await using rig = await Rig.start({
    onUpgrade: (incoming, socket, head) => {
      // The body of an upgrade is the first part of the raw connection.
      body = head.toString().slice(0, Number(incoming.headers['content-length']));
      socket.unshift(head.subarray(body.length));
      hijackWith((raw) => raw.pipe(raw))(incoming, socket, Buffer.alloc(0));
    },
  });
  const client = rig.raw();
  client.socket.end(`${attachHead(2).join('\r\n')}{}early`);
  await client.ended;
  expect(body).toBe('{}');
  expect(client.heard).toMatch(/\r\n\r\nearly$/);
});

test('a program that ends ends the connection', async () => {
  await using rig = await Rig.start({ onUpgrade: hijackWith((socket) => socket.end('bye')) });
  const client = rig.raw().send(...attachHead());
  await client.ended;
  expect(client.heard).toMatch(/bye$/);
});

test('a client that only closed its side keeps a silent program; one that is gone takes it along', async () => {
  let program: Duplex | undefined;
  await using rig = await Rig.start({
    onUpgrade: hijackWith((socket) => {
      program = socket;
      socket.resume();
    }),
  });
  const client = rig.raw().send(...attachHead());
  await expect.poll(() => client.heard).toContain('101');
  client.socket.end();
  await expect.poll(() => program?.readableEnded).toBe(true);
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  expect(program?.destroyed).toBe(false);
  client.socket.destroy();
  expect(rig.streams.size).toBe(1);
  await expect.poll(() => rig.streams.size, { timeout: 5_000 }).toBe(0);
});

test('a refusal comes through and ends the connection', async () => {
  await using rig = await Rig.start({
    onRequest: (_incoming, answer) => {
      answer.writeHead(409, { 'Content-Type': 'application/json' }).end('{"message":"it does not run"}');
    },
  });
  const client = rig.raw().send(...attachHead());
  await client.ended;
  expect(client.heard).toMatch(/^HTTP\/1\.1 409 Conflict\r\n[\s\S]*Connection: close[\s\S]*it does not run/);
});

test('a body that is announced and does not come, or is too large, does no harm', async () => {
  await using rig = await Rig.start({ onUpgrade: upper });
  const short = rig.raw();
  short.socket.end(attachHead(10).join('\r\n'));
  await short.ended;
  expect(short.heard).toMatch(/^HTTP\/1\.1 400 /);
  const large = rig.raw().send(...attachHead(100 * 1024 * 1024));
  await large.ended;
  expect(large.heard).toMatch(/^HTTP\/1\.1 413 /);
  expect(rig.accepted).toBe(0);
});
