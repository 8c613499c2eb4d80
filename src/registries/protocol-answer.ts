import type { ServerResponse } from 'node:http';
import { PROTOCOL_ANSWERS, type PullFailure } from './pull-failure.ts';

/** The answer to `GET /v2/`: this is a registry, and nobody need log in. */
export function answerPing(response: ServerResponse): void {
  sendJson(response, 200, {});
}

/** An error in the form of the registry protocol, which engines show to their users. */
export function answerError(response: ServerResponse, status: number, code: string, message: string): void {
  sendJson(response, status, { errors: [{ code, message }] });
}

/** Tells a failure of the registry outside. */
export function answerFailure(response: ServerResponse, failure: PullFailure): void {
  const { status, code } = PROTOCOL_ANSWERS[failure.kind];
  answerError(response, status, code, failure.message);
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const bytes = Buffer.from(`${JSON.stringify(body)}\n`);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': bytes.length,
    'docker-distribution-api-version': 'registry/2.0',
  });
  response.end(response.req.method === 'HEAD' ? undefined : bytes);
}
