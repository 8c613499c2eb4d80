import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { berthError } from '../../src/errors/index.ts';

const MIB = 1024 ** 2;

async function open(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  await once(socket, 'connect');
  return socket;
}

/** MiB a second of one transfer over one connection. */
export async function transfer(port: number, bytes: number): Promise<number> {
  const socket = await open(port);
  const startMs = performance.now();
  socket.write(`G${bytes};`);
  let received = 0;
  for await (const chunk of socket) {
    if (Buffer.isBuffer(chunk)) received += chunk.length;
    if (received >= bytes) break;
  }
  if (received !== bytes) throw berthError('internal', `${received} bytes came of ${bytes}`);
  return bytes / MIB / ((performance.now() - startMs) / 1000);
}

/** Of one byte there and back, in ms, over one connection. */
export async function roundTripsOf(port: number, count: number): Promise<number[]> {
  const socket = await open(port);
  const samples: number[] = [];
  for (let index = 0; index < count; index++) samples.push(await echo(socket));
  socket.destroy();
  return samples;
}

/** From nothing to the first byte back, in ms, over a new connection each. */
export async function connectionsOf(port: number, count: number): Promise<number[]> {
  const samples: number[] = [];
  for (let index = 0; index < count; index++) {
    const startMs = performance.now();
    const socket = await open(port);
    await echo(socket);
    samples.push(performance.now() - startMs);
    socket.destroy();
  }
  return samples;
}

async function echo(socket: Socket): Promise<number> {
  const startMs = performance.now();
  socket.write('E');
  await once(socket, 'data');
  return performance.now() - startMs;
}
