import { poll } from '../../src/base/index.ts';
import { berthError } from '../../src/errors/index.ts';
import type { Environment } from '../../src/model/index.ts';

/** An answer of the shop. */
export interface Visit {
  /** What its counter stood at, this visit included. */
  readonly visits: number;
  /** Moment of the answer, by `performance.now()`. */
  readonly atMs: number;
}

const ANSWER_TIMEOUT_MS = 30_000;
const PROBE_INTERVAL_MS = 10;

/** Address of the shop's page in an environment. Throws `not-found` when it publishes no port for it. */
export function shopUrl(environment: Environment): string {
  const port = environment.ports.find((one) => one.protocol === 'tcp' && one.service === 'web');
  if (port !== undefined) return `http://${port.hostAddress}:${port.hostPort}/`;
  throw berthError('not-found', `${environment.name} publishes no TCP port of a service web`, {
    remedy: `./berth port ${environment.name}`,
  });
}

/** Visits a page until it answers with 200. Only refused and broken connections are tried again: each answer counts. */
export function visit(url: string, timeoutMs: number): Promise<Visit> {
  return poll(() => attempt(url), {
    timeoutMs,
    intervalMs: PROBE_INTERVAL_MS,
    what: `an answer from ${url}`,
  });
}

async function attempt(url: string): Promise<Visit | undefined> {
  const response = await fetch(url, {
    headers: { connection: 'close', accept: 'application/json' },
    signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
  }).catch(() => undefined);
  if (response === undefined) return undefined;
  const text = await response.text().catch(() => undefined);
  const atMs = performance.now();
  if (response.status !== 200 || text === undefined) return undefined;
  return { visits: countIn(text, url), atMs };
}

/** The counter in the shop's answer: `visits` of its JSON, else the number after the word. */
export function countIn(text: string, url: string): number {
  const match = /"visits"\s*:\s*(\d+)/.exec(text) ?? /visits?\D{0,40}?(\d+)/i.exec(text);
  if (match?.[1] !== undefined) return Number(match[1]);
  throw berthError('service-failed', `${url} answered without a visit count: ${text.slice(0, 200)}`, {
    remedy: './berth logs shop web',
  });
}
