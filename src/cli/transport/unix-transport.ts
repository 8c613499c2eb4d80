import { Agent, type IncomingMessage, request as httpRequest } from 'node:http';
import type { MessageSocket, Transport, TransportRequest, TransportResponse } from '../../client/index.ts';
import { berthError } from '../../errors/index.ts';
import { systemCode } from '../../host/index.ts';

const REFUSED = new Set(['ENOENT', 'ENOTDIR', 'ECONNREFUSED']);
const FORBIDDEN = new Set(['EACCES', 'EPERM']);

/** A transport that holds connections open between requests. */
export interface UnixTransport extends Transport {
  /** Ends the idle connections; requests that run go on. May be called twice. */
  close(): void;
}

/** Speaks to the daemon over its unix socket, with connections kept open. */
export function createUnixTransport(socketPath: string): UnixTransport {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 4 });
  return {
    request: (request) => send(socketPath, agent, request),
    async openSocket(path, signal): Promise<MessageSocket> {
      const { openUnixWebSocket } = await import('./unix-websocket.ts');
      return openUnixWebSocket(socketPath, path, signal);
    },
    close: () => agent.destroy(),
  };
}

/** An error of the connection as one of the registry; the reason of `signal` when that ended it. */
export function connectionError(error: unknown, socketPath: string, signal?: AbortSignal): unknown {
  if (signal?.aborted === true) return signal.reason;
  const code = systemCode(error);
  if (code !== undefined && REFUSED.has(code)) {
    return berthError('daemon-not-running', `No daemon answers at ${socketPath}`, { cause: error });
  }
  if (code !== undefined && FORBIDDEN.has(code)) {
    return berthError('not-root', `This user may not use the daemon's socket ${socketPath}`, {
      cause: error,
    });
  }
  const words = error instanceof Error ? error.message : String(error);
  return berthError('daemon-not-running', `The connection to the daemon was lost (${words})`, {
    remedy: 'See whether it runs with ./berth daemon status, and run the command again.',
    cause: error,
  });
}

function send(socketPath: string, agent: Agent, request: TransportRequest): Promise<TransportResponse> {
  const { method, path, headers, body, signal } = request;
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({
      socketPath,
      agent,
      method,
      path,
      headers: { host: 'berth', ...headers, ...lengthOf(body) },
      ...(signal ? { signal } : {}),
    });
    outgoing.once('error', (error) => reject(connectionError(error, socketPath, signal)));
    outgoing.once('response', (incoming) => {
      resolve({
        status: incoming.statusCode ?? 0,
        headers: flatHeaders(incoming),
        body: bodyOf(incoming, socketPath, signal),
      });
    });
    outgoing.end(body);
  });
}

function lengthOf(body: string | undefined): Record<string, string> {
  return body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
}

/** Names in lower case; of a repeated header the values joined with commas. */
export function flatHeaders(message: IncomingMessage): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(message.headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}

async function* bodyOf(
  incoming: IncomingMessage,
  socketPath: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, void> {
  try {
    for await (const chunk of incoming) yield chunk as Uint8Array;
  } catch (error) {
    throw connectionError(error, socketPath, signal);
  } finally {
    incoming.destroy();
  }
}
