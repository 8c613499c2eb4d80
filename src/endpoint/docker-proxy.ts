import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { LISTEN_BACKLOG } from '../base/index.ts';
import type { EndpointBackend, EndpointLog } from './backend.ts';
import { checkMounts } from './check-mounts.ts';
import { answerError, dockerErrorOf } from './docker-error.ts';
import { EngineAgent } from './engine-agent.ts';
import { forward } from './forward.ts';
import { hijack } from './hijack.ts';
import { type MountRequest, mountRequestOf } from './mounts.ts';

/** Clients of one environment at a time; each follower of a log is one. */
const MAX_CONNECTIONS = 1_000;
/** Docker's clients send registry credentials in headers. */
const MAX_HEADER_BYTES = 256 * 1024;
const HEADERS_TIMEOUT_MS = 60_000;
const STARTS_CONTAINER = /^(?:\/v[\d.]+)?(?:\/libpod)?\/containers\/[^/?]+\/(?:start|restart)(?:\?|$)/;
const KEPT_IDLE_MS = 600_000;

/** The Docker API of one environment, for any number of clients. */
export interface DockerProxy {
  /** Accepts clients on a unix socket. Fails with the system's error. */
  listen(path: string): Promise<void>;
  /** Ends every request under way and stops accepting. */
  close(): Promise<void>;
}

/** Makes a proxy that does not listen yet. */
export function createDockerProxy(backend: EndpointBackend, log: EndpointLog): DockerProxy {
  const agent = new EngineAgent(backend);
  const server = createServer({
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: HEADERS_TIMEOUT_MS,
    keepAliveTimeout: KEPT_IDLE_MS,
    // An image takes as long to send as it takes.
    requestTimeout: 0,
    shouldUpgradeCallback: ({ method, url }) => mountRequestOf(method, url) === undefined,
  });
  server.maxConnections = MAX_CONNECTIONS;
  const carried = new Set<Duplex>();
  server.on('request', (incoming, answer) => {
    const kind = mountRequestOf(incoming.method, incoming.url);
    if (kind === undefined)
      forward(agent, incoming, answer, undefined, settlingOf(backend, incoming, answer));
    else void forwardChecked({ backend, agent, kind }, incoming, answer);
  });
  server.on('upgrade', (incoming, client, head) => {
    carried.add(client);
    client.once('close', () => carried.delete(client));
    void hijack(backend, incoming, client, head);
  });
  server.on('error', (error) => log.warn({ err: error }, 'a Docker endpoint has a problem'));
  return {
    listen: (path) => listen(server, path),
    close: () => close(server, agent, carried),
  };
}

/** A client that has started a container may use its published ports as soon as it is told so. */
function settlingOf(
  backend: EndpointBackend,
  { method, url }: IncomingMessage,
  answer: ServerResponse,
): (() => Promise<void>) | undefined {
  if (method !== 'POST' || !STARTS_CONTAINER.test(url ?? '')) return undefined;
  return () => {
    const gone = new AbortController();
    answer.once('close', () => gone.abort());
    return backend.portsSettled(gone.signal);
  };
}

async function forwardChecked(
  way: { readonly backend: EndpointBackend; readonly agent: EngineAgent; readonly kind: MountRequest },
  incoming: IncomingMessage,
  answer: ServerResponse,
): Promise<void> {
  const gone = new AbortController();
  answer.once('close', () => gone.abort());
  try {
    const body = await checkMounts(way.backend, way.kind, incoming, gone.signal);
    if (!gone.signal.aborted) forward(way.agent, incoming, answer, body);
  } catch (error) {
    // What was not read of a body that is too large is not read any more.
    if (!incoming.complete) answer.setHeader('Connection', 'close');
    if (!answer.destroyed) answerError(answer, dockerErrorOf(error));
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path, backlog: LISTEN_BACKLOG }, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}

async function close(server: Server, agent: EngineAgent, carried: ReadonlySet<Duplex>): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  for (const client of carried) client.destroy();
  agent.destroy();
  await closed;
}
