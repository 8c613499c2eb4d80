import { join } from 'node:path';
import { connectionsOf, roundTripsOf, transfer } from '../measure/byte-load.ts';
import type { PeerVersions } from '../measure/machine.ts';
import { summarize, summarizeTail } from '../measure/statistics.ts';
import { type HttpLoad, httpLoad, WRK_PACKAGES, wrkVersion } from '../measure/wrk.ts';
import type { Forward } from '../peers/forward.ts';
import { HAPROXY_PACKAGES, startHaproxy } from '../peers/haproxy.ts';
import { NGINX_PACKAGES, startNginxServer, startNginxStream } from '../peers/nginx.ts';
import { freePort, Server } from '../peers/server.ts';
import { type Unpacked, unpack } from '../peers/unpacked.ts';
import type { Carrier, CarrierResult, HttpResult, PortStage } from '../result.ts';
import type { RigOptions } from '../rig.ts';

const ROUND_BYTES = 256 * 1024 ** 2;
const ROUND_TRIPS = 400;
const CONNECTIONS = 100;
const HTTP_CONNECTIONS = 16;
const CARRIERS = ['none', 'nginx', 'haproxy', 'berth'] as const satisfies readonly Carrier[];

/** Where a carrier listens for the server of bytes, and for the one of HTTP. */
interface Ports {
  readonly bytes: number;
  readonly http: number;
}

/** What one turn of a carrier gave. */
interface Turn {
  readonly rate: number;
  readonly roundTrips: readonly number[];
  readonly connections: readonly number[];
  readonly keepAlive: HttpLoad;
  readonly perRequest: HttpLoad;
}

/**
 * A published port beside nginx's stream proxy, haproxy and the bare servers, all of them before the same servers on loopback, in turns:
 * what the forwarding itself costs, without a guest's share.
 */
export async function portStage(
  o: Pick<RigOptions, 'root' | 'signal' | 'say'>,
  { rounds, httpMs }: { readonly rounds: number; readonly httpMs: number },
): Promise<{ readonly figures: PortStage; readonly peers: PeerVersions }> {
  await using closing = new AsyncDisposableStack();
  const packages = [...NGINX_PACKAGES, ...HAPROXY_PACKAGES, ...WRK_PACKAGES];
  const unpacked = await unpack(packages, o.signal, closing);
  const { ports, peers } = await startCarriers(o, unpacked, closing);
  const turns: Record<Carrier, Turn[]> = { none: [], nginx: [], haproxy: [], berth: [] };
  for (let round = 0; round <= rounds; round++) {
    const order = round % 2 === 0 ? CARRIERS : CARRIERS.toReversed();
    for (const carrier of order) {
      const turn = await takeTurn(ports[carrier], unpacked, { httpMs, signal: o.signal });
      // The first round only warms up.
      if (round > 0) turns[carrier].push(turn);
      const { rate, keepAlive, perRequest } = turn;
      const requests = [keepAlive, perRequest].map((load) => load.requestsPerSecond.toFixed(0)).join(' and ');
      o.say(`  round ${round}, ${carrier}: ${rate.toFixed(0)} MiB/s, ${requests} requests/s`);
    }
  }
  const [none, nginx, haproxy, berth] = CARRIERS.map((carrier) => resultOf(turns[carrier]));
  if (none === undefined || nginx === undefined || haproxy === undefined || berth === undefined)
    throw new RangeError('no carriers');
  const http = { connections: HTTP_CONNECTIONS, overMs: httpMs };
  return {
    figures: { roundBytes: ROUND_BYTES, http, carriers: { none, nginx, haproxy, berth } },
    peers: { ...peers, wrk: await wrkVersion(unpacked, o.signal) },
  };
}

async function startCarriers(
  { root, signal }: Pick<RigOptions, 'root' | 'signal'>,
  unpacked: Unpacked,
  closing: AsyncDisposableStack,
): Promise<{ readonly ports: Record<Carrier, Ports>; readonly peers: PeerVersions }> {
  const node = (name: string, ...args: readonly number[]) => [
    ...[process.execPath, join(root, 'bench/servers', name)],
    ...args.map(String),
  ];
  const within = { unpacked, signal };
  const bytes = closing.use(await Server.start(node('byte-server.ts'), { signal })).port;
  const none = { bytes, http: await startNginxServer(within, closing) };
  const [nginx, haproxy, berth] = [await freePorts(), await freePorts(), await freePorts()];
  const to = (ports: Ports): Forward[] => [
    { port: ports.bytes, target: none.bytes },
    { port: ports.http, target: none.http },
  ];
  const published = to(berth).flatMap(({ port, target }) => [port, target]);
  closing.use(await Server.start(node('published-port.ts', ...published), { port: berth.http, signal }));
  const peers = {
    nginx: await startNginxStream(to(nginx), within, closing),
    haproxy: await startHaproxy(to(haproxy), within, closing),
  };
  return { ports: { none, nginx, haproxy, berth }, peers };
}

async function freePorts(): Promise<Ports> {
  return { bytes: await freePort(), http: await freePort() };
}

async function takeTurn(
  ports: Ports,
  unpacked: Unpacked,
  { httpMs, signal }: { readonly httpMs: number; readonly signal: AbortSignal },
): Promise<Turn> {
  const load = { port: ports.http, connections: HTTP_CONNECTIONS, overMs: httpMs, signal };
  return {
    rate: await transfer(ports.bytes, ROUND_BYTES),
    roundTrips: await roundTripsOf(ports.bytes, ROUND_TRIPS),
    connections: await connectionsOf(ports.bytes, CONNECTIONS),
    keepAlive: await httpLoad(unpacked, { ...load, keepAlive: true }),
    perRequest: await httpLoad(unpacked, { ...load, keepAlive: false }),
  };
}

function resultOf(turns: readonly Turn[]): CarrierResult {
  return {
    mibPerSecond: summarize(turns.map(({ rate }) => rate)),
    roundTrip: summarizeTail(turns.flatMap(({ roundTrips }) => roundTrips)),
    connection: summarizeTail(turns.flatMap(({ connections }) => connections)),
    keepAlive: httpResultOf(turns.map(({ keepAlive }) => keepAlive)),
    perRequest: httpResultOf(turns.map(({ perRequest }) => perRequest)),
  };
}

function httpResultOf(loads: readonly HttpLoad[]): HttpResult {
  return {
    requestsPerSecond: summarize(loads.map(({ requestsPerSecond }) => requestsPerSecond)),
    latencyP50: summarize(loads.map(({ p50Ms }) => p50Ms)),
    latencyP99: summarize(loads.map(({ p99Ms }) => p99Ms)),
    errors: loads.reduce((sum, { errors }) => sum + errors, 0),
  };
}
