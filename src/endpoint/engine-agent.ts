import { Agent, type ClientRequest, type ClientRequestArgs } from 'node:http';
import type { Duplex } from 'node:stream';
import type { EndpointBackend } from './backend.ts';

/** How long a stream to the engine may take to open: a login comes before the first. */
export const CONNECT_TIMEOUT_MS = 30_000;
/** Streams to the engine that are kept for the next request, per environment. */
const KEPT_STREAMS = 8;
const KEPT_FOR_MS = 5_000;

/** Node asks its sockets whether they keep the process; streams from guests have no say in that. */
const UNCOUNTED = { ref: () => undefined, unref: () => undefined };

/** Streams to one environment's engine, used again for further requests: opening one costs a way to the guest and back. */
export class EngineAgent extends Agent {
  readonly #backend: EndpointBackend;
  readonly #idle = new WeakMap<Duplex, NodeJS.Timeout>();

  constructor(backend: EndpointBackend) {
    super({ keepAlive: true, maxFreeSockets: KEPT_STREAMS, scheduling: 'lifo' });
    this.#backend = backend;
  }

  override createConnection(
    _options: ClientRequestArgs,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    this.#backend.engineSocket({ timeoutMs: CONNECT_TIMEOUT_MS }).then(
      (stream) => callback?.(null, Object.assign(stream, UNCOUNTED)),
      // The type asks for a stream that there is not; Node looks at the error first.
      (error: Error) => (callback as ((error: Error) => void) | undefined)?.(error),
    );
  }

  /** The one of Node sets options of TCP sockets. */
  override keepSocketAlive(stream: Duplex): boolean {
    this.#idle.set(stream, setTimeout(() => stream.destroy(), KEPT_FOR_MS).unref());
    return true;
  }

  override reuseSocket(stream: Duplex, request: ClientRequest): void {
    clearTimeout(this.#idle.get(stream));
    super.reuseSocket(stream, request);
  }
}
