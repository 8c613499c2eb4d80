import websocket, { type WebSocket } from '@fastify/websocket';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { formatRequestKey, KeyedMutex, parseRequestKey } from '../base/index.ts';
import { API_PREFIX, MAX_FRAME_BYTES, type Route, routes } from '../contract/index.ts';
import { berthError } from '../errors/index.ts';
import { ActiveCalls } from './active-calls.ts';
import type { Call } from './call.ts';
import { answerBrokenRequest, answerFailure, type ServerLog } from './failures.ts';
import { fingerprintOf } from './fingerprint.ts';
import { parseJson } from './parse-json.ts';
import { type CheckedRequest, requestReader } from './read-request.ts';
import { allHandlers } from './resources/index.ts';
import { sendStream } from './send-stream.ts';
import { serveProcess } from './serve-process.ts';
import type { InteractiveProcess, Services } from './services.ts';
import { listenAgain, listenOn, type SocketFiles } from './unix-socket.ts';

/** Largest body of a request, in bytes: a Compose file of any sensible size. */
const MAX_BODY_BYTES = 1024 * 1024;
/** How long a client may take to send its head, and its whole request, in ms. */
const HEAD_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** How long requests that run are waited for when the server closes, in ms. */
const CLOSE_TIMEOUT_MS = 2_000;

export interface ServerOptions {
  readonly services: Services;
  readonly log: ServerLog;
  /** The host's files; what the server needs of them for its socket. */
  readonly files: SocketFiles;
}

export interface ListenOptions {
  /** Permission bits of the socket, for example `0o600`. */
  readonly mode: number;
  /** Group of the socket; left as it is when absent. */
  readonly gid?: number;
}

export interface Server {
  /**
   * Accept requests on a unix socket; a socket file that a dead daemon left is replaced, so the caller holds the lock of
   * the home. Fails with `home-unusable` when the path cannot be used.
   */
  listen(path: string, options: ListenOptions): Promise<void>;
  /** Listen anew on the same path after its file was removed; who is connected stays so. Fails with `home-unusable`. */
  listenAgain(path: string, options: ListenOptions): Promise<void>;
  /** End streams and interactive processes, let running calls answer for a moment, then end. May be called twice. */
  close(): Promise<void>;
}

type AnyHandler = (call: Call<unknown>) => Promise<unknown>;

/** Puts the routes of the contract before the services. */
export async function createServer(options: ServerOptions): Promise<Server> {
  const calls = new ActiveCalls();
  const app = fastify({
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: { headersTimeout: HEAD_TIMEOUT_MS },
    forceCloseConnections: 'idle',
    // Its body would be no failure; what is asked while the server closes is answered by the services.
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => answerFailure(error, request, reply, options.log),
    clientErrorHandler: answerBrokenRequest,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 100 },
  });
  await app.register(websocket, { options: { maxPayload: MAX_FRAME_BYTES, perMessageDeflate: false } });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, parseJson);
  app.setErrorHandler((error, request, reply) => answerFailure(error, request, reply, options.log));
  app.setNotFoundHandler(({ method, url }, reply) => {
    const error = berthError('not-found', `There is no ${method} ${url}`, { remedy: './berth api' });
    return reply.status(error.status).send(error.toFailure());
  });
  addRoutes(app, options.services, calls);
  return {
    listen: (path, { mode, gid }) => listenOn(app, options.files, path, mode, gid),
    listenAgain: (path, { mode, gid }) => listenAgain(app, options.files, path, mode, gid),
    close: () => close(app, calls),
  };
}

async function close(app: FastifyInstance, calls: ActiveCalls): Promise<void> {
  const closed = app.close();
  await calls.close(CLOSE_TIMEOUT_MS);
  // Connections that were never used count as busy and would be waited for.
  app.server.closeAllConnections();
  await closed;
}

function addRoutes(app: FastifyInstance, services: Services, calls: ActiveCalls): void {
  const handlers = allHandlers(services);
  const keys = new KeyedMutex();
  for (const [id, route] of Object.entries<Route>(routes)) {
    const read = requestReader(route);
    // The table of handlers has one for each route; that each fits its route is checked where it is written.
    const handler = handlers[id as keyof typeof handlers] as AnyHandler;
    const call = (request: CheckedRequest, signal: AbortSignal) => handler(callOf(request, signal));
    if (route.stream === 'websocket') addProcessRoute(app, route, read, call, calls);
    else {
      app.route({
        method: route.method,
        url: API_PREFIX + route.path,
        handler: async (request, reply) => {
          const checked = withFingerprint(route, read(request));
          const signal = calls.begin(reply.raw);
          const answer = await once(keys, services, route, checked, () => call(checked, signal));
          if (id === 'daemon.stop') reply.raw.once('finish', () => services.daemon.requestStop());
          return send(route, answer, reply, signal);
        },
      });
    }
  }
}

/** A key is good for one request: with another it is refused when the first one's operation is found. */
function withFingerprint(route: Route, request: CheckedRequest): CheckedRequest {
  const { idempotencyKey: key } = request;
  if (key === undefined || route.idempotent !== true) return request;
  return {
    ...request,
    idempotencyKey: formatRequestKey({ key, fingerprint: fingerprintOf(route, request) }),
  };
}

/** The same idempotency key gives the operation that it gave first. @throws `key-reused` */
async function once(
  keys: KeyedMutex,
  services: Services,
  route: Route,
  { idempotencyKey }: CheckedRequest,
  call: () => Promise<unknown>,
): Promise<unknown> {
  if (route.idempotent !== true || idempotencyKey === undefined) return call();
  return keys.run(
    parseRequestKey(idempotencyKey).key,
    async () => (await services.operations.findByKey(idempotencyKey)) ?? call(),
  );
}

function send(route: Route, answer: unknown, reply: FastifyReply, signal: AbortSignal): unknown {
  if (route.stream === 'sse' || route.stream === 'ndjson') {
    reply.hijack();
    return sendStream(reply.raw, route, answer as AsyncIterable<unknown>, signal);
  }
  reply.status(route.status);
  if (route.stream === 'text') return reply.type('text/plain; charset=utf-8').send(answer);
  return route.response === undefined
    ? reply.send()
    : reply.type('application/json').send(JSON.stringify(answer));
}

function addProcessRoute(
  app: FastifyInstance,
  route: Route,
  read: (request: FastifyRequest) => CheckedRequest,
  call: (request: CheckedRequest, signal: AbortSignal) => Promise<unknown>,
  calls: ActiveCalls,
): void {
  app.route({
    method: 'GET',
    url: API_PREFIX + route.path,
    // Before the upgrade, so that a refusal is an ordinary answer.
    preValidation: async (request) => {
      read(request);
    },
    handler: async () => {
      throw berthError('bad-request', 'This path speaks WebSocket only');
    },
    wsHandler: (socket: WebSocket, request) => {
      const signal = calls.begin(socket);
      // The type of a handler of such a route; see `Answer`.
      return serveProcess(socket, () => call(read(request), signal) as Promise<InteractiveProcess>, signal);
    },
  });
}

function callOf(request: CheckedRequest, signal: AbortSignal): Call<unknown> {
  const { params, query, body, idempotencyKey, lastEventId } = request;
  // The parts have been checked against the schemas from which their types are made.
  const parts = { params, query, body } as Pick<Call<unknown>, 'params' | 'query' | 'body'>;
  const start = idempotencyKey === undefined ? {} : { idempotencyKey };
  return { ...parts, start, signal, ...(lastEventId === undefined ? {} : { lastEventId }) };
}
