import { type IncomingMessage, request } from 'node:http';
import type { Duplex } from 'node:stream';
import { berthError } from '../errors/index.ts';
import type { EndpointBackend } from './backend.ts';
import { carry } from './carry.ts';
import { answerErrorRaw, dockerErrorOf } from './docker-error.ts';
import { CONNECT_TIMEOUT_MS } from './engine-agent.ts';
import { headerLines, messageHeaders } from './headers.ts';
import { takeBytes } from './read-body.ts';

/** Such a request describes a program at most. */
const MAX_BODY_BYTES = 1024 * 1024;

/**
 * Carries a request after whose answer the connection belongs to a program: attach, exec, a build session. Its body comes from the
 * raw connection; one without a length is taken for none, since what such clients send next is already the program's input.
 */
export async function hijack(
  backend: EndpointBackend,
  incoming: IncomingMessage,
  client: Duplex,
  head: Buffer,
): Promise<void> {
  client.on('error', () => client.destroy());
  const gone = new AbortController();
  const onClose = () => gone.abort(berthError('cancelled', 'the client is gone'));
  client.once('close', onClose);
  let engine: Duplex | undefined;
  try {
    if (head.length > 0) client.unshift(head);
    const body = await takeBytes(client, bodySizeOf(incoming));
    engine = await backend.engineSocket({ timeoutMs: CONNECT_TIMEOUT_MS, signal: gone.signal });
    await exchange(incoming, body, client, engine);
  } catch (error) {
    engine?.destroy();
    if (!client.destroyed) answerErrorRaw(client, dockerErrorOf(error));
  } finally {
    client.removeListener('close', onClose);
  }
}

/** Sends the request; resolves when the connections belong to each other, or the refusal has been passed on. */
function exchange(incoming: IncomingMessage, body: Buffer, client: Duplex, engine: Duplex): Promise<void> {
  return new Promise((resolve, reject) => {
    const { upgrade = 'tcp' } = incoming.headers;
    const headers = messageHeaders(incoming.rawHeaders, ['content-length']);
    headers.push('Content-Length', String(body.length), 'Connection', 'Upgrade', 'Upgrade', upgrade);
    const outgoing = request({
      method: incoming.method,
      path: incoming.url,
      headers,
      setHost: false,
      createConnection: () => engine,
    });
    client.once('close', () => engine.destroy());
    outgoing.on('error', reject);
    outgoing.on('upgrade', (answer, stream, first) => {
      if (first.length > 0) stream.unshift(first);
      client.write(
        `HTTP/1.1 101 ${answer.statusMessage ?? 'UPGRADED'}\r\n${headerLines(answer.rawHeaders)}\r\n`,
      );
      carry(client, stream);
      resolve();
    });
    outgoing.on('response', (answer) => {
      sendRefusal(answer, client);
      resolve();
    });
    outgoing.end(body);
  });
}

/** An answer that keeps to HTTP ends the connection: what else the client may have sent was meant for a program. */
function sendRefusal(answer: IncomingMessage, client: Duplex): void {
  const status = `HTTP/1.1 ${answer.statusCode ?? 502} ${answer.statusMessage ?? ''}`;
  client.write(
    `${status}\r\n${headerLines([...messageHeaders(answer.rawHeaders), 'Connection', 'close'])}\r\n`,
  );
  answer.on('error', () => client.destroy());
  answer.pipe(client);
}

function bodySizeOf({ headers }: IncomingMessage): number {
  const size = Number(headers['content-length'] ?? 0);
  if (size <= MAX_BODY_BYTES) return size;
  throw berthError('payload-too-large', `the request has more than ${MAX_BODY_BYTES} bytes`);
}
