import { WebSocket } from 'ws';
import { failureFrom, type MessageSocket } from '../../client/index.ts';
import { connectUnix } from '../../host/index.ts';
import { MessageQueue } from './message-queue.ts';
import { connectionError } from './unix-transport.ts';

const OPEN_TIMEOUT_MS = 30_000;
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
const MAX_REFUSAL_BYTES = 1024 * 1024;
const WAITING_MESSAGES = 64;
const NORMAL_CLOSURES = new Set([1000, 1001, 1005]);

/** Opens a WebSocket over a unix socket; resolves when it is open. */
export async function openUnixWebSocket(
  socketPath: string,
  path: string,
  signal?: AbortSignal,
): Promise<MessageSocket> {
  signal?.throwIfAborted();
  // Connected here and not by `ws+unix:`, which cannot carry every path.
  const connection = await connectUnix(socketPath, {
    timeoutMs: OPEN_TIMEOUT_MS,
    ...(signal ? { signal } : {}),
  }).catch((error: unknown) => {
    throw connectionError(error, socketPath, signal);
  });
  const socket = new WebSocket(`ws://berth${path}`, {
    createConnection: () => connection,
    handshakeTimeout: OPEN_TIMEOUT_MS,
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
  });
  const messages = queueOf(socket, socketPath, signal);
  const leave = (): void => socket.terminate();
  signal?.addEventListener('abort', leave, { once: true });
  socket.once('close', () => signal?.removeEventListener('abort', leave));
  await opened(socket, socketPath, signal);
  return {
    messages,
    send: (message) =>
      new Promise((resolve, reject) => {
        socket.send(message, { binary: true }, (error) => {
          if (error) reject(connectionError(error, socketPath, signal));
          else resolve();
        });
      }),
    close: () => socket.close(1000),
  };
}

function queueOf(socket: WebSocket, socketPath: string, signal: AbortSignal | undefined): MessageQueue {
  const queue = new MessageQueue(WAITING_MESSAGES, (flow) => {
    if (flow) socket.resume();
    else socket.pause();
  });
  socket.on('message', (data) => queue.push(bytesOf(data)));
  socket.on('error', (error) => queue.finish(connectionError(error, socketPath, signal)));
  socket.on('close', (code) => {
    if (NORMAL_CLOSURES.has(code)) return queue.finish();
    queue.finish(connectionError(new Error(`closed with ${code}`), socketPath, signal));
  });
  return queue;
}

function opened(socket: WebSocket, socketPath: string, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve());
    socket.once('error', (error) => reject(connectionError(error, socketPath, signal)));
    socket.once('unexpected-response', (request, response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk.slice(0, MAX_REFUSAL_BYTES - text.length);
      });
      response.once('error', (error) => reject(connectionError(error, socketPath, signal)));
      response.once('end', () => {
        reject(failureFrom(response.statusCode ?? 0, text));
        request.destroy();
      });
    });
  });
}

function bytesOf(data: Buffer | ArrayBuffer | Buffer[]): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}
