import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { asBerthError, type BerthError } from '../errors/index.ts';

/** A refusal in the form in which Docker's clients show it. */
export interface DockerError {
  readonly status: number;
  readonly message: string;
}

/** Any failure as Docker would tell it: one sentence and the next thing to do. */
export function dockerErrorOf(error: unknown): DockerError {
  const failure = asBerthError(error);
  return { status: statusOf(failure), message: `${ended(failure.message)} ${failure.remedy}` };
}

/** Answers a request whose answer has not begun; otherwise cuts the connection, so that half an answer is not taken for the whole. */
export function answerError(answer: ServerResponse, { status, message }: DockerError): void {
  if (answer.headersSent) {
    answer.destroy();
    return;
  }
  const body = bodyOf(message);
  answer.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': body.length });
  answer.end(body);
}

/** The same on a connection that was to be carried as bytes. */
export function answerErrorRaw(socket: Duplex, { status, message }: DockerError): void {
  const body = bodyOf(message);
  const head = [
    `HTTP/1.1 ${status} Refused`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    'Connection: close',
  ];
  socket.end(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]));
}

function bodyOf(message: string): Buffer {
  return Buffer.from(`${JSON.stringify({ message })}\n`);
}

// For a client the engine is what it talks to: 503 says that it is not there for now, which some of them wait for.
function statusOf(failure: BerthError): number {
  return failure.code === 'not-running' ? 503 : failure.status;
}

function ended(sentence: string): string {
  return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`;
}
