import { request } from 'node:http';
import { join } from 'node:path';
import { sharedHome } from './home.ts';

/** An answer of the daemon, as it came over its socket. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/**
 * Announces a body of `sizeBytes` and sends nothing of it: a server that refuses it answers at once, while one that was being
 * written to may close the connection before its answer is read.
 */
export function announceBody(path: string, sizeBytes: number, home: string = sharedHome()): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { host: 'berth', 'content-type': 'application/json', 'content-length': sizeBytes };
    const socketPath = join(home, 'run/api.sock');
    const outgoing = request({ socketPath, method: 'POST', path: `/v1${path}`, headers });
    outgoing.once('error', reject);
    outgoing.once('response', (incoming) => {
      resolve(incoming.statusCode ?? 0);
      outgoing.destroy();
    });
    outgoing.flushHeaders();
  });
}

/** Sends one request to the daemon's socket as any HTTP client would, with whatever body. */
export function callApi(
  method: string,
  path: string,
  body?: string,
  home: string = sharedHome(),
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { host: 'berth', ...(body === undefined ? {} : { 'content-type': 'application/json' }) };
    const outgoing = request({ socketPath: join(home, 'run/api.sock'), method, path: `/v1${path}`, headers });
    outgoing.once('error', reject);
    outgoing.once('response', (incoming) => {
      let text = '';
      incoming.setEncoding('utf8');
      incoming.on('data', (part: string) => {
        text += part;
      });
      incoming.once('error', reject);
      incoming.once('end', () =>
        resolve({ status: incoming.statusCode ?? 0, body: JSON.parse(text) as unknown }),
      );
    });
    outgoing.end(body);
  });
}
