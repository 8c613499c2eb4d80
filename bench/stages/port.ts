import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { berthError } from '../../src/errors/index.ts';
import { percentile, summarize } from '../measure/statistics.ts';
import { startNginx } from '../peers/nginx-stream.ts';
import { freePort, Server } from '../peers/server.ts';
import type { Carrier, PortStage } from '../result.ts';
import type { RigOptions } from '../rig.ts';

const MIB = 1024 ** 2;
const ROUND_BYTES = 256 * MIB;
const ROUND_TRIPS = 400;
const CONNECTIONS = 100;

/**
 * A published port beside nginx's stream proxy and the bare server, all of them before the same server on loopback, in turns: what
 * the forwarding itself costs, without a guest's share.
 */
export async function portStage(
  { root, signal, say }: Pick<RigOptions, 'root' | 'signal' | 'say'>,
  o: { readonly rounds: number },
): Promise<{ readonly figures: PortStage; readonly nginx: string }> {
  await using closing = new AsyncDisposableStack();
  const node = (name: string, ...args: readonly number[]) => [
    process.execPath,
    join(root, 'bench/servers', name),
    ...args.map(String),
  ];
  const server = closing.use(await Server.start(node('byte-server.ts'), { signal }));
  const [berthPort, nginxPort] = [await freePort(), await freePort()];
  closing.use(
    await Server.start(node('published-port.ts', berthPort, server.port), { port: berthPort, signal }),
  );
  const nginx = await startNginx({ port: nginxPort, target: server.port, signal }, closing);
  const ports: Record<Carrier, number> = { none: server.port, nginx: nginxPort, berth: berthPort };
  const rates: Record<Carrier, number[]> = { none: [], nginx: [], berth: [] };
  const trips: Record<Carrier, number[]> = { none: [], nginx: [], berth: [] };
  const opened: Record<Carrier, number[]> = { none: [], nginx: [], berth: [] };
  for (let round = 0; round <= o.rounds; round++) {
    for (const carrier of ['none', 'nginx', 'berth'] as const) {
      const rate = await transfer(ports[carrier]);
      const roundTrips = await roundTripsOf(ports[carrier]);
      const connections = await connectionsOf(ports[carrier]);
      if (round === 0) continue;
      rates[carrier].push(rate);
      trips[carrier].push(...roundTrips);
      opened[carrier].push(...connections);
    }
    say(`  round ${round}: ${(rates.berth.at(-1) ?? 0).toFixed(0)} MiB/s`);
  }
  const figures = (carrier: Carrier) => ({
    mibPerSecond: summarize(rates[carrier]),
    roundTrip: { ...summarize(trips[carrier]), p99: percentile(trips[carrier], 99) },
    connection: { ...summarize(opened[carrier]), p99: percentile(opened[carrier], 99) },
  });
  return {
    figures: {
      roundBytes: ROUND_BYTES,
      carriers: { none: figures('none'), nginx: figures('nginx'), berth: figures('berth') },
    },
    nginx,
  };
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  await once(socket, 'connect');
  return socket;
}

/** MiB a second of one transfer over one connection. */
async function transfer(port: number): Promise<number> {
  const socket = await open(port);
  const startMs = performance.now();
  socket.write(`G${ROUND_BYTES};`);
  let received = 0;
  for await (const chunk of socket) {
    if (Buffer.isBuffer(chunk)) received += chunk.length;
    if (received >= ROUND_BYTES) break;
  }
  if (received !== ROUND_BYTES) throw berthError('internal', `${received} bytes came of ${ROUND_BYTES}`);
  return ROUND_BYTES / MIB / ((performance.now() - startMs) / 1000);
}

/** Of one byte there and back, in ms, over one connection. */
async function roundTripsOf(port: number): Promise<number[]> {
  const socket = await open(port);
  const samples: number[] = [];
  for (let index = 0; index < ROUND_TRIPS; index++) samples.push(await echo(socket));
  socket.destroy();
  return samples;
}

/** From nothing to the first byte back, in ms, over a new connection each. */
async function connectionsOf(port: number): Promise<number[]> {
  const samples: number[] = [];
  for (let index = 0; index < CONNECTIONS; index++) {
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
