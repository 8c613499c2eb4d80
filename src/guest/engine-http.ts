import { type IncomingMessage, type OutgoingHttpHeaders, request as httpRequest } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { formatDuration, MAX_TIMEOUT_MS } from '../base/index.ts';
import { BerthError, berthError } from '../errors/index.ts';
import { parseJson, textAt } from './json-reading.ts';
import type { WaitOptions } from './wait-options.ts';

/** Where streams to the engine come from: a {@link GuestShell}, or anything else that opens one. */
export interface EngineTransport {
  engineSocket(o?: Partial<WaitOptions>): Promise<Duplex>;
}

/** One request to the engine. */
export interface EngineRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** With its query, below the version prefix. */
  readonly path: string;
  /** Sent as JSON. */
  readonly json?: unknown;
  readonly upload?: Readable;
}

/** Version of the Docker API that both Podman 4 and 5 and every Docker since 20.10 speak. */
const API_VERSION = 'v1.41';
const MAX_JSON_BYTES = 32 * 1024 * 1024;
const MAX_ERROR_BYTES = 64 * 1024;
/** For calls that read or change one thing. */
export const CALL_TIMEOUT_MS = 30_000;

/** HTTP to the engine, one stream per request. */
export class EngineHttp {
  readonly #transport: EngineTransport;
  readonly #closing = new AbortController();

  constructor(transport: EngineTransport) {
    this.#transport = transport;
  }

  /** Ends every request under way. */
  close(): void {
    this.#closing.abort(berthError('guest-unreachable', 'the connection to the container engine was closed'));
  }

  /** Sends a request, reads its whole answer and returns it: JSON where it is JSON, else text. */
  call(request: EngineRequest, o: Partial<WaitOptions> = {}): Promise<unknown> {
    return this.#within(request, o, async (signal) => {
      const text = await readText(await this.#send(request, signal), MAX_JSON_BYTES);
      return parseJson(text) ?? text;
    });
  }

  /** Sends a request and returns its answer as it comes. The deadline covers the headers; the signal, all of it. */
  stream(request: EngineRequest, o: Partial<WaitOptions> = {}): Promise<IncomingMessage> {
    return this.#within(request, o, (signal, settled) => this.#send(request, signal, settled));
  }

  /** Sends a request after whose answer the stream belongs to the program behind it. */
  upgrade(request: EngineRequest, o: Partial<WaitOptions> = {}): Promise<Duplex> {
    return this.#within(request, o, async (signal, settled) => {
      const socket = await this.#transport.engineSocket({ signal });
      return new Promise<Duplex>((resolve, reject) => {
        const outgoing = httpRequest({
          ...optionsOf(request, { Connection: 'Upgrade', Upgrade: 'tcp' }),
          signal,
          createConnection: () => socket,
        });
        outgoing.on('error', reject);
        outgoing.on('upgrade', (_answer, stream, head) => {
          if (head.length > 0) stream.unshift(head);
          settled();
          resolve(stream);
        });
        outgoing.on('response', (answer) => {
          refusalOf(answer).then(reject, reject);
        });
        outgoing.end(request.json === undefined ? undefined : JSON.stringify(request.json));
      });
    });
  }

  async #send(
    request: EngineRequest,
    signal: AbortSignal,
    settled: () => void = () => undefined,
  ): Promise<IncomingMessage> {
    const socket = await this.#transport.engineSocket({ signal });
    return new Promise((resolve, reject) => {
      const outgoing = httpRequest({
        ...optionsOf(request, { Connection: 'close' }),
        signal,
        createConnection: () => socket,
      });
      outgoing.on('error', reject);
      outgoing.on('response', (answer) => {
        answer.on('close', () => socket.destroy());
        if ((answer.statusCode ?? 500) >= 400) {
          refusalOf(answer).then(reject, reject);
          return;
        }
        settled();
        resolve(answer);
      });
      if (request.upload === undefined)
        outgoing.end(request.json === undefined ? undefined : JSON.stringify(request.json));
      else pipeline(request.upload, outgoing).catch(reject);
    });
  }

  async #within<T>(
    request: EngineRequest,
    o: Partial<WaitOptions>,
    work: (signal: AbortSignal, settled: () => void) => Promise<T>,
  ): Promise<T> {
    const timeoutMs = o.timeoutMs ?? CALL_TIMEOUT_MS;
    const outer =
      o.signal === undefined ? this.#closing.signal : AbortSignal.any([this.#closing.signal, o.signal]);
    // A stream outlives the deadline of its start, so that deadline has to be one that can be lifted.
    const starting = new AbortController();
    const timer = setTimeout(() => starting.abort(), Math.min(timeoutMs, MAX_TIMEOUT_MS));
    // A file that cannot be read may say so while nobody reads it yet.
    request.upload?.on('error', () => starting.abort());
    try {
      return await work(AbortSignal.any([outer, starting.signal]), () => clearTimeout(timer));
    } catch (error) {
      if (outer.aborted) throw outer.reason;
      if (request.upload?.errored instanceof Error) throw request.upload.errored;
      const title = `${request.method} ${request.path.split('?')[0] ?? ''}`;
      if (starting.signal.aborted) {
        throw berthError(
          'timeout',
          `the container engine did not answer ${title} within ${formatDuration(timeoutMs)}`,
          { cause: error },
        );
      }
      if (error instanceof BerthError) throw error;
      throw berthError(
        'guest-unreachable',
        `the connection to the container engine was lost during ${title}`,
        { cause: error },
      );
    } finally {
      clearTimeout(timer);
      request.upload?.destroy();
    }
  }
}

function optionsOf(request: EngineRequest, headers: OutgoingHttpHeaders) {
  const type = request.upload === undefined ? 'application/json' : 'application/x-tar';
  const hasBody = request.json !== undefined || request.upload !== undefined;
  return {
    method: request.method,
    path: `/${API_VERSION}${request.path}`,
    headers: { Host: 'engine', ...(hasBody ? { 'Content-Type': type } : {}), ...headers },
  };
}

async function refusalOf(answer: IncomingMessage): Promise<Error> {
  const text = await readText(answer, MAX_ERROR_BYTES);
  const message = (textAt(parseJson(text), 'message') ?? text.trim()).slice(0, 2_000);
  const code = answer.statusCode === 404 ? 'not-found' : 'engine-failed';
  return berthError(
    code,
    `the container engine says: ${message === '' ? `status ${answer.statusCode ?? 'unknown'}` : message}`,
  );
}

/** Reads a body to its end; a longer one than `maxBytes` is an error. */
export async function readText(body: Readable, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    const bytes = bytesOf(chunk);
    size += bytes.length;
    if (size > maxBytes)
      throw berthError('engine-failed', `the container engine's answer is longer than ${maxBytes} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** A chunk of a stream whose type says nothing. */
export function bytesOf(chunk: unknown): Buffer {
  return Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
}
