import type { Duplex } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { asBerthError, BerthError, berthError } from '../errors/index.ts';

/** Where the server writes what nobody else would see. */
export interface ServerLog {
  error(data: object, message: string): void;
}

/** Answers with the failure and its status; what is a defect of ours is logged with its cause. */
export function answerFailure(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  log: ServerLog,
): void {
  const failure = failureOf(error);
  if (failure.code === 'internal') {
    log.error({ err: failure.cause ?? failure, method: request.method, url: request.url }, 'request failed');
  }
  reply.status(failure.status).type('application/json').send(JSON.stringify(failure.toFailure()));
}

function failureOf(error: unknown): BerthError {
  if (error instanceof BerthError || !(error instanceof Error)) return asBerthError(error);
  const status = 'statusCode' in error ? error.statusCode : undefined;
  if (status === 413)
    return berthError('payload-too-large', 'The body is larger than 1 MiB', { cause: error });
  if (status === 415) return berthError('bad-request', 'The body must be application/json', { cause: error });
  if (typeof status === 'number' && status >= 400 && status < 500)
    return berthError('bad-request', error.message, { cause: error });
  return asBerthError(error);
}

/** Answers what is no HTTP, or did not come in time, and ends the connection. */
export function answerBrokenRequest(error: Error & { readonly code?: string }, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const late = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  const failure = late
    ? berthError('timeout', 'The request did not arrive in time')
    : berthError('bad-request', `The request is not HTTP: ${error.message}`);
  const body = JSON.stringify(failure.toFailure());
  const status = late ? '408 Request Timeout' : '400 Bad Request';
  socket.end(
    `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
