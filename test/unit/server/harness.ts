import { mkdtempSync, rmSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as files from '../../../src/host/index.ts';
import { createServer, type Server, type Services } from '../../../src/server/index.ts';

/** A server on a socket in a directory of its own. */
export interface RunningServer extends AsyncDisposable {
  readonly server: Server;
  readonly path: string;
  /** What it logged. */
  readonly logged: { readonly data: object; readonly message: string }[];
}

export async function serve(services: Services): Promise<RunningServer> {
  const directory = mkdtempSync(join(tmpdir(), 'berth-server-'));
  const path = join(directory, 'api.sock');
  const logged: RunningServer['logged'] = [];
  const log = { error: (data: object, message: string) => void logged.push({ data, message }) };
  const server = await createServer({ services, log, files });
  await server.listen(path, { mode: 0o600 });
  return {
    server,
    path,
    logged,
    async [Symbol.asyncDispose]() {
      await server.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  readonly json: unknown;
}

export interface Request {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | object;
  readonly signal?: AbortSignal;
  /** Told of each piece of the body as it comes. */
  readonly onData?: (text: string) => void;
}

/** One request on a connection of its own. */
export function ask(path: string, url: string, request: Request = {}): Promise<Answer> {
  const { method = 'GET', headers = {}, body, signal, onData } = request;
  const json = typeof body === 'object' ? { 'content-type': 'application/json' } : {};
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({
      socketPath: path,
      path: url,
      method,
      headers: { connection: 'close', ...json, ...headers },
      agent: false,
      ...(signal === undefined ? {} : { signal }),
    });
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
        onData?.(chunk);
      });
      response.on('error', reject);
      response.on('end', () => {
        const type = response.headers['content-type'] ?? '';
        const parsed: unknown = type.startsWith('application/json') ? JSON.parse(text) : undefined;
        resolve({ status: response.statusCode ?? 0, type, text, json: parsed });
      });
    });
    outgoing.end(typeof body === 'object' ? JSON.stringify(body) : body);
  });
}
