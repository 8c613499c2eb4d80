import {
  createServer,
  type IncomingMessage,
  request as httpRequest,
  type Server,
  type ServerResponse,
} from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { PassageRequest } from './passage.ts';
import { answerError, answerFailure, answerPing } from './protocol-answer.ts';
import type { PullFailure } from './pull-failure.ts';
import { parseRegistryPath, type RegistryPath } from './registry-path.ts';

/** What the front needs of the caches. */
export interface FrontServices {
  /** The caches that the guest with this address may read, id → registry; undefined when there is no such guest. */
  accessOf(address: string): ReadonlyMap<string, string> | undefined;
  /** Where a cache's registry program listens; undefined when requests are to go outside without it. */
  socketOf(id: string, registry: string): Promise<string | undefined>;
  /** Answers without a registry program. */
  pass(id: string, registry: string, request: PassageRequest, response: ServerResponse): Promise<void>;
  /** What went wrong outside with a repository since then (`performance.now()`). */
  failureSince(id: string, repository: string, at: number): PullFailure | undefined;
  /** A guest was told of a failure: nothing that the cache has could stand in. */
  told(id: string, repository: string, failure: PullFailure): void;
  /** A manifest was given out: its image is in use. `digest` is the manifest's, where it is known. */
  used(id: string, request: RegistryPath, digest?: string): void;
  /** A request begins; call what it returns when it has ended. */
  begin(id: string): () => void;
}

const MAX_CONNECTIONS = 1_024;
const MAX_CONNECTIONS_PER_GUEST = 128;
const HEADERS_TIMEOUT_MS = 15_000;
/** A guest that takes nothing for so long has gone; the registry program may take as long to begin an answer. */
const IDLE_TIMEOUT_MS = 120_000;
const FORWARDED = ['accept', 'range', 'if-none-match'];

/**
 * What container engines in guests see of the caches: one registry at the gateway's address, whose repositories begin with the id
 * of a cache. It looks at who asks, starts the registry program that has it, and says why something could not be had.
 */
export class Front {
  readonly #services: FrontServices;
  readonly #server: Server;
  readonly #open = new Map<string, number>();

  constructor(services: FrontServices) {
    this.#services = services;
    this.#server = createServer(
      { headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: HEADERS_TIMEOUT_MS, maxHeaderSize: 16 * 1024 },
      (request, response) => {
        this.#handle(request, response).catch(() => response.destroy());
      },
    );
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.timeout = IDLE_TIMEOUT_MS;
    this.#server.on('clientError', (_error, socket) => socket.destroy());
    this.#server.on('connection', (socket) => {
      const address = socket.remoteAddress ?? '';
      const count = (this.#open.get(address) ?? 0) + 1;
      this.#open.set(address, count);
      socket.once('close', () => {
        const left = (this.#open.get(address) ?? 1) - 1;
        if (left === 0) this.#open.delete(address);
        else this.#open.set(address, left);
      });
      if (count > MAX_CONNECTIONS_PER_GUEST) socket.destroy();
    });
  }

  get server(): Server {
    return this.#server;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => undefined);
    request.resume();
    const url = URL.parse(request.url ?? '', 'http://cache');
    const path = url?.pathname ?? '';
    const { method } = request;
    const access = this.#services.accessOf(plainAddress(request.socket.remoteAddress));
    if (access === undefined) return answerError(response, 403, 'DENIED', 'this address is no environment');
    if (method !== 'GET' && method !== 'HEAD')
      return answerError(response, 405, 'UNSUPPORTED', 'the cache of images is for pulling only');
    if (path === '/v2/' || path === '/v2') return answerPing(response);
    const [, id = '', rest = ''] = /^\/v2\/([^/]+)(\/.*)$/.exec(path) ?? [];
    const wanted = parseRegistryPath(`/v2${rest}`);
    if (wanted === undefined)
      return answerError(response, 404, 'NAME_UNKNOWN', 'there is nothing of that name');
    const registry = access.get(id);
    if (registry === undefined)
      return answerError(response, 403, 'DENIED', 'this environment has no access to this cache');
    const end = this.#services.begin(id);
    try {
      await this.#give({ id, registry }, { ...wanted, method }, request, response);
    } finally {
      end();
    }
  }

  async #give(
    { id, registry }: { readonly id: string; readonly registry: string },
    wanted: PassageRequest,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const startedAt = performance.now();
    const failed = (): PullFailure | undefined =>
      this.#services.failureSince(id, wanted.repository, startedAt);
    const tell = (failure: PullFailure | undefined): void => {
      if (failure !== undefined) this.#services.told(id, wanted.repository, failure);
    };
    const socketPath = await this.#services.socketOf(id, registry);
    if (socketPath === undefined) {
      await this.#services.pass(id, registry, wanted, response);
      tell(failed());
      if (wanted.kind === 'manifests' && response.statusCode < 300) this.#services.used(id, wanted);
      return;
    }
    const answer = await ask(socketPath, wanted, request).catch(() => undefined);
    if (answer === undefined)
      return answerError(response, 502, 'UNAVAILABLE', 'the cache of images does not answer');
    const status = answer.statusCode ?? 502;
    const failure = status < 400 ? undefined : failed();
    if (failure !== undefined) {
      answer.destroy();
      tell(failure);
      return answerFailure(response, failure);
    }
    if (wanted.kind === 'manifests' && status < 300)
      this.#services.used(id, wanted, textOf(answer.headers['docker-content-digest']));
    response.writeHead(status, headersOf(answer));
    // What breaks off in the middle has no other way to say why.
    await pipeline(answer, response).catch(() => tell(failed()));
  }
}

function ask(
  socketPath: string,
  { method, repository, kind, reference }: PassageRequest,
  from: IncomingMessage,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = Object.fromEntries(
      FORWARDED.flatMap((name) => {
        const value = from.headers[name];
        return value === undefined ? [] : [[name, value]];
      }),
    );
    const outgoing = httpRequest({
      ...{ socketPath, method, path: `/v2/${repository}/${kind}/${reference}` },
      headers: { host: 'cache', connection: 'close', ...headers },
      timeout: IDLE_TIMEOUT_MS,
    });
    const leave = (): void => void outgoing.destroy();
    from.socket.once('close', leave);
    outgoing.once('close', () => from.socket.off('close', leave));
    outgoing.once('timeout', leave);
    outgoing.once('error', reject);
    outgoing.once('response', resolve);
    outgoing.end();
  });
}

function textOf(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined;
}

const ANSWER_HEADERS = [
  ...['content-type', 'content-length', 'content-range', 'accept-ranges', 'etag'],
  ...['docker-content-digest', 'docker-distribution-api-version'],
];

function headersOf(answer: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    ANSWER_HEADERS.flatMap((name) => {
      const value = answer.headers[name];
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  );
}

/** An IPv4 address as it is, also where the socket is one of IPv6. */
function plainAddress(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:/, '');
}
