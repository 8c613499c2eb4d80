import { type IncomingMessage, request, type RequestOptions, type ServerResponse } from 'node:http';
import type { Transform } from 'node:stream';
import { answerError, dockerErrorOf } from './docker-error.ts';
import { berthError } from '../errors/index.ts';
import type { EngineAgent } from './engine-agent.ts';
import { messageHeaders } from './headers.ts';
import { mendingOf } from './mend.ts';

/**
 * Carries a request to the engine and its answer back, both as they come, none of them stored. When the client goes, the
 * stream to the engine goes too, so that what it follows ends there. `body` is sent in place of the client's. A good answer waits
 * for `settled`, if that is given.
 */
export function forward(
  agent: EngineAgent,
  incoming: IncomingMessage,
  answer: ServerResponse,
  body?: Buffer,
  settled?: () => Promise<void>,
): void {
  const mending = mendingOf(incoming.method, incoming.url, Date.now());
  const options = optionsOf(incoming, body);
  const outgoing = request({ ...options, path: mending?.url ?? incoming.url, agent });
  let isAnswered = false;
  answer.on('close', () => {
    if (!answer.writableFinished) outgoing.destroy();
  });
  outgoing.on('response', (reply) => {
    isAnswered = true;
    const through = reply.statusCode === 200 ? mending?.answer : undefined;
    const isGood = (reply.statusCode ?? 500) < 300;
    if (settled === undefined || !isGood) sendReply(reply, answer, through);
    else void settled().then(() => (answer.destroyed ? reply.destroy() : sendReply(reply, answer, through)));
  });
  outgoing.on('error', (error) => {
    // An engine that answers before it has read everything closes its side; the answer counts.
    if (isAnswered || answer.destroyed) return;
    if (outgoing.reusedSocket && isRepeatable(incoming)) forward(agent, incoming, answer);
    else answerError(answer, dockerErrorOf(lost(incoming, error)));
  });
  if (body !== undefined) outgoing.end(body);
  else incoming.pipe(outgoing);
  outgoing.on('close', () => {
    incoming.unpipe(outgoing);
    incoming.resume();
  });
}

function optionsOf(incoming: IncomingMessage, body: Buffer | undefined): RequestOptions {
  const { 'transfer-encoding': encoding, 'content-length': length } = incoming.headers;
  const headers = messageHeaders(incoming.rawHeaders, body === undefined ? [] : ['content-length']);
  if (body !== undefined) headers.push('Content-Length', String(body.length));
  else if (encoding !== undefined) headers.push('Transfer-Encoding', 'chunked');
  else if (length === undefined && incoming.method !== 'GET' && incoming.method !== 'HEAD')
    headers.push('Content-Length', '0');
  return { method: incoming.method, headers, setHost: false };
}

function sendReply(reply: IncomingMessage, answer: ServerResponse, mending: Transform | undefined): void {
  answer.sendDate = false;
  const headers = messageHeaders(reply.rawHeaders, mending === undefined ? [] : ['content-length']);
  answer.writeHead(reply.statusCode ?? 502, reply.statusMessage, headers);
  // Those who follow something that is still silent wait for these.
  answer.flushHeaders();
  reply.on('end', () => {
    if (reply.rawTrailers.length > 0) answer.addTrailers(reply.trailers);
  });
  reply.on('error', () => answer.destroy());
  reply.on('close', () => {
    if (!reply.complete) answer.destroy();
  });
  if (mending === undefined) reply.pipe(answer);
  else reply.pipe(mending).pipe(answer);
}

/** One that found a kept stream closed may be sent again when nothing of it can have been done or read. */
function isRepeatable({ method, headers }: IncomingMessage): boolean {
  const hasBody = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
  return (method === 'GET' || method === 'HEAD') && !hasBody;
}

function lost(incoming: IncomingMessage, cause: Error): Error {
  if (cause.name === 'BerthError') return cause;
  const path = incoming.url?.split('?')[0] ?? '';
  return berthError(
    'guest-unreachable',
    `the connection to the container engine was lost during ${incoming.method ?? ''} ${path}`,
    { cause },
  );
}
