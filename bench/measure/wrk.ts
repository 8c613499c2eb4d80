import { join } from 'node:path';
import { berthError } from '../../src/errors/index.ts';
import { run } from '../../src/host/index.ts';
import type { Unpacked } from '../peers/unpacked.ts';

export const WRK_PACKAGES = ['wrk'] as const;

/** What one run of wrk tells. */
export interface HttpLoad {
  readonly requestsPerSecond: number;
  /** From the request to the whole answer, in ms. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Requests without a good answer. */
  readonly errors: number;
}

export interface LoadOptions {
  readonly port: number;
  readonly connections: number;
  readonly overMs: number;
  /** False: a new connection for each request. */
  readonly keepAlive: boolean;
  readonly signal: AbortSignal;
}

/** So many connections ask one after the other for that long. */
export async function httpLoad({ path, env }: Unpacked, o: LoadOptions): Promise<HttpLoad> {
  const once = o.keepAlive ? [] : ['-H', 'Connection: close'];
  const size = ['-t', '1', '-c', String(o.connections), '-d', `${Math.ceil(o.overMs / 1000)}s`];
  const argv = [join(path, 'usr/bin/wrk'), ...size, '--latency', ...once, `http://127.0.0.1:${o.port}/`];
  const { stdout } = await run(argv, { env, signal: o.signal, timeoutMs: o.overMs + 30_000 });
  return parseWrk(stdout);
}

export async function wrkVersion({ path, env }: Unpacked, signal: AbortSignal): Promise<string> {
  const { stdout } = await run([join(path, 'usr/bin/wrk'), '-v'], { env, signal, okExitCodes: [1] });
  return /wrk (?:debian\/)?(\d[\w.]*)/.exec(stdout)?.[1] ?? 'unknown';
}

const MS_OF: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000 };

/** Reads the report of `wrk --latency`. */
export function parseWrk(text: string): HttpLoad {
  const latency = (percent: number): number => {
    const [, value, unit] = new RegExp(`^\\s+${percent}%\\s+([\\d.]+)(us|ms|s|m)$`, 'm').exec(text) ?? [];
    return Number(value) * (MS_OF[unit ?? ''] ?? Number.NaN);
  };
  const requestsPerSecond = Number(/^Requests\/sec:\s+([\d.]+)$/m.exec(text)?.[1] ?? Number.NaN);
  const load = { requestsPerSecond, p50Ms: latency(50), p99Ms: latency(99), errors: errorsIn(text) };
  if (Object.values(load).every(Number.isFinite)) return load;
  throw berthError('internal', `wrk says nothing of its requests: ${text.trim().slice(0, 300)}`);
}

function errorsIn(text: string): number {
  const sockets = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text) ?? [];
  const answers = /Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? 0;
  return [...sockets.slice(1), answers].reduce<number>((sum, count) => sum + Number(count), 0);
}
