import { request } from 'node:http';
import { join } from 'node:path';
import type { Failure } from '../../../src/model/index.ts';

/** An answer of a daemon. */
export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** The daemon refused, with what it said. */
export class Refusal extends Error {
  readonly status: number;
  readonly failure: Failure;

  constructor(status: number, failure: Failure) {
    super(`${status} ${failure.code}: ${failure.message}`);
    this.name = 'Refusal';
    this.status = status;
    this.failure = failure;
  }
}

/** Beside method, path and body. */
export interface CallOptions {
  /** `Idempotency-Key`. */
  readonly key?: string;
  readonly signal?: AbortSignal;
}

/** Sends one request over a connection of its own. */
export function call(
  home: string,
  method: string,
  path: string,
  body?: unknown,
  { key, signal }: CallOptions = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = {
      host: 'berth',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    };
    const socketPath = join(home, 'run/api.sock');
    const options = { socketPath, agent: false, method, path: `/v1${path}`, headers } as const;
    const outgoing = request({ ...options, ...(signal === undefined ? {} : { signal }) });
    outgoing.once('error', reject);
    outgoing.once('response', (incoming) => {
      let text = '';
      incoming.setEncoding('utf8');
      incoming.on('data', (part: string) => {
        text += part;
      });
      incoming.once('error', reject);
      incoming.once('end', () => resolve({ status: incoming.statusCode ?? 0, text }));
    });
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** The body of an answer below 400. @throws Refusal */
export function valueOf<Value>({ status, text }: Answer): Value {
  const value = text === '' ? undefined : (JSON.parse(text) as unknown);
  if (status >= 400) throw new Refusal(status, value as Failure);
  return value as Value;
}
