import type { Readable } from 'node:stream';
import type { WebSocket } from '@fastify/websocket';
import {
  type ClientControl,
  ClientControlSchema,
  createValidator,
  decodeFrame,
  encodeControl,
  encodeFrame,
  type Frame,
  readControl,
} from '../contract/index.ts';
import { asBerthError } from '../errors/index.ts';
import type { InteractiveProcess } from './services.ts';

/** How long output is waited for after the process has ended, in ms: something it left behind may hold it open. */
const LAST_OUTPUT_MS = 2_000;
/** How often a client is pinged, in ms: one that has gone while nothing was read from it is noticed by writing. */
const PING_MS = 15_000;
/** Close codes of RFC 6455, section 7.4.1. */
const NORMAL_CLOSURE = 1000;
const POLICY_VIOLATION = 1008;

const validateControl = createValidator(ClientControlSchema);

/**
 * Joins a WebSocket and a process: opens the process, carries its streams, ends with an `exit` or `error` frame. The
 * process is killed when the client goes and at `signal`, which aborts when that has happened. Never rejects.
 */
export async function serveProcess(
  socket: WebSocket,
  open: () => Promise<InteractiveProcess>,
  signal: AbortSignal,
): Promise<void> {
  // What arrives before the process is there waits in the socket.
  socket.pause();
  socket.on('error', () => socket.terminate());
  const ping = setInterval(() => socket.ping(), PING_MS);
  try {
    const process = await open();
    // Looked at below, unless the client has gone before.
    process.exit.catch(() => undefined);
    socket.once('close', () => process.kill());
    if (socket.readyState !== socket.OPEN) return process.kill();
    carryInput(socket, process);
    socket.resume();
    const code = await carryOutput(socket, process, signal);
    await sendFrame(socket, encodeControl({ type: 'exit', code }));
  } catch (error) {
    await sendFrame(socket, encodeControl({ type: 'error', failure: asBerthError(error).toFailure() }));
  } finally {
    clearInterval(ping);
    socket.resume();
    socket.close(NORMAL_CLOSURE);
  }
}

function carryInput(socket: WebSocket, process: InteractiveProcess): void {
  const { stdin } = process;
  // A process that ended or closed its input is told of by its exit.
  stdin.on('error', () => undefined);
  stdin.on('drain', () => socket.resume());
  socket.on('message', (message: Buffer) => {
    const frame = decodeFrame(message);
    const control = frame?.channel === 'control' ? controlOf(frame) : undefined;
    if (frame?.channel === 'stdin') {
      if (stdin.writable && !stdin.write(frame.data)) socket.pause();
    } else if (control?.type === 'resize') {
      process.resize(control.rows, control.columns);
    } else if (control?.type === 'eof') {
      stdin.end();
    } else {
      socket.close(POLICY_VIOLATION, 'not a frame of stdin or control');
    }
  });
}

function controlOf(frame: Frame): ClientControl | undefined {
  const value = readControl(frame);
  return validateControl(value).length === 0 ? (value as ClientControl) : undefined;
}

async function carryOutput(
  socket: WebSocket,
  process: InteractiveProcess,
  signal: AbortSignal,
): Promise<number> {
  const outputs = [carry(socket, process.stdout, 'stdout')];
  if (process.stderr !== undefined) outputs.push(carry(socket, process.stderr, 'stderr'));
  const ended = Promise.allSettled(outputs);
  const code = await Promise.race([process.exit, aborted(signal)]);
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, LAST_OUTPUT_MS);
  await Promise.race([ended, late]);
  clearTimeout(timer);
  return code;
}

async function carry(socket: WebSocket, output: Readable, channel: 'stdout' | 'stderr'): Promise<void> {
  for await (const chunk of output) await sendFrame(socket, encodeFrame(channel, chunk as Buffer));
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/** Resolves when the next may follow, also when the client has gone. */
function sendFrame(socket: WebSocket, frame: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    socket.send(frame, { binary: true }, () => resolve());
  });
}
