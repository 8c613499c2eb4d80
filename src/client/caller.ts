import { deadlineSignal } from '../base/index.ts';
import type { BodyOf, ParamsOf, QueryOf, ResponseOf, Route, RouteId, Routes } from '../contract/index.ts';
import { asBerthError, berthError } from '../errors/index.ts';
import type { CallOptions, StartCallOptions } from './api.ts';
import { failureFrom, isLostConnection } from './failure.ts';
import { readText } from './read-body.ts';
import { idempotencyHeader, prefix, routeHeads } from './route-heads.ts';
import type { Transport, TransportRequest, TransportResponse } from './transport.ts';
import { type QueryValues, writeQuery } from './write-query.ts';

const DEFAULT_TIMEOUT_MS = 60_000;

type Need<Name extends string, Value> = [Value] extends [undefined]
  ? { readonly [K in Name]?: undefined }
  : unknown;
type Give<Name extends string, Value> = [Value] extends [undefined]
  ? unknown
  : { readonly [K in Name]: Value };

/** The parts of a request that its route has. */
export type Parts<R> = Need<'params', ParamsOf<R>> &
  Give<'params', ParamsOf<R>> &
  Need<'query', QueryOf<R>> &
  Give<'query', QueryOf<R>> &
  Need<'body', BodyOf<R>> &
  Give<'body', BodyOf<R>>;

/** The head of any route. */
type AnyHead = Pick<Route, 'method' | 'path' | 'stream' | 'idempotent'>;

interface AnyParts {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: QueryValues;
  readonly body?: object;
}

/** Calls routes by their ids, with the types of the contract. */
export class Caller {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** One answer as JSON, or nothing where the route gives nothing. */
  async call<Id extends RouteId>(
    id: Id,
    parts: Parts<Routes[Id]>,
    options: StartCallOptions = {},
  ): Promise<ResponseOf<Routes[Id]>> {
    const text = await this.text(id, parts, options);
    // The daemon answers with what the contract says; a body is not checked again.
    return (text === '' ? undefined : JSON.parse(text)) as ResponseOf<Routes[Id]>;
  }

  /** One answer as it came. */
  async text<Id extends RouteId>(
    id: Id,
    parts: Parts<Routes[Id]>,
    options: StartCallOptions = {},
  ): Promise<string> {
    const route: AnyHead = routeHeads[id];
    const request = requestOf(route, parts as AnyParts, options.idempotencyKey);
    return withDeadline(request, options, async (signal) => {
      const response = await this.#sendSafely({ ...request, signal }, route);
      return readText(response.body);
    });
  }

  /** The body of a stream, once its head is there; `signal` ends it. */
  async stream<Id extends RouteId>(
    id: Id,
    parts: Parts<Routes[Id]>,
    options: { readonly signal?: AbortSignal; readonly lastEventId?: string },
  ): Promise<AsyncIterable<Uint8Array>> {
    const { signal, lastEventId } = options;
    const { headers, ...request } = requestOf(routeHeads[id], parts as AnyParts, undefined);
    const response = await this.#send({
      ...request,
      headers: lastEventId === undefined ? headers : { ...headers, 'last-event-id': lastEventId },
      ...(signal === undefined ? {} : { signal }),
    });
    return response.body;
  }

  /** The path of a WebSocket. */
  socketPath<Id extends RouteId>(id: Id, parts: Parts<Routes[Id]>): string {
    return pathOf(routeHeads[id], parts as AnyParts);
  }

  /** A connection that was held open may be closed just as it is used again: what may be repeated is, once. */
  async #sendSafely(request: TransportRequest, route: AnyHead): Promise<TransportResponse> {
    const repeatable = route.method === 'GET' || request.headers[idempotencyHeader] !== undefined;
    try {
      return await this.#send(request);
    } catch (error) {
      if (!repeatable || !isLostConnection(error)) throw error;
      return this.#send(request);
    }
  }

  async #send(request: TransportRequest): Promise<TransportResponse> {
    const response = await this.#transport.request(request);
    if (response.status < 400) return response;
    throw failureFrom(response.status, await readText(response.body));
  }
}

async function withDeadline<Value>(
  { method, path }: TransportRequest,
  options: CallOptions,
  work: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, signal } = options;
  const deadline = deadlineSignal(timeoutMs, signal);
  try {
    return await work(deadline);
  } catch (error) {
    if (signal?.aborted !== true && deadline.aborted) {
      throw berthError('timeout', `The daemon did not answer ${method} ${path} within ${timeoutMs} ms`, {
        cause: error,
      });
    }
    throw asBerthError(error);
  }
}

function requestOf(route: AnyHead, parts: AnyParts, idempotencyKey: string | undefined): TransportRequest {
  const key = route.idempotent === true ? (idempotencyKey ?? crypto.randomUUID()) : undefined;
  return {
    method: route.method,
    path: pathOf(route, parts),
    headers: {
      accept: acceptOf(route),
      ...(parts.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(key === undefined ? {} : { [idempotencyHeader]: key }),
    },
    ...(parts.body === undefined ? {} : { body: JSON.stringify(parts.body) }),
  };
}

function acceptOf(route: AnyHead): string {
  if (route.stream === 'sse') return 'text/event-stream';
  if (route.stream === 'ndjson') return 'application/x-ndjson';
  return route.stream === 'text' ? 'text/plain' : 'application/json';
}

function pathOf(route: AnyHead, { params = {}, query = {} }: AnyParts): string {
  const path = route.path.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
  return `${prefix}${path}${writeQuery(query)}`;
}
