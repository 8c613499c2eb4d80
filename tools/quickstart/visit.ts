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
  // Its own address: while a fork is being made its ports may still be shown as the parent's.
  if (port !== undefined) return `http://${environment.address}:${port.hostPort}/`;
  throw berthError('not-found', `${environment.name} publishes no TCP port of a service web`, {
    remedy: `./berth port ${environment.name}`,
  });
}

/** Visits the shop until it answers with 200. Only refused and broken connections are tried again: each answer counts. */
export function visit(url: string, timeoutMs: number): Promise<Visit> {
  const page = `${url}count`;
  return poll(
    async () => {
      const text = await get(page);
      return text === undefined ? undefined : { visits: countIn(text, page), atMs: performance.now() };
    },
    { timeoutMs, intervalMs: PROBE_INTERVAL_MS, what: `an answer from ${page}` },
  );
}

/** What the shop says of the processes, the memory and the volume behind it: field → value. */
export async function readProof(url: string, timeoutMs: number): Promise<ReadonlyMap<string, string>> {
  const page = `${url}proof`;
  const text = await poll(() => get(page), {
    timeoutMs,
    intervalMs: PROBE_INTERVAL_MS,
    what: `an answer from ${page}`,
  });
  return factsIn(text);
}

// The body of an answer with 200; `undefined` for anything else.
async function get(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(url, {
      headers: { connection: 'close' },
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    const text = await response.text();
    return response.status === 200 ? text : undefined;
  } catch {
    return undefined;
  }
}

/** The number that the shop answers with. */
export function countIn(text: string, url: string): number {
  if (/^\d+$/.test(text.trim())) return Number(text);
  throw berthError('service-failed', `${url} answered something else than a number: ${text.slice(0, 200)}`, {
    remedy: './berth logs shop web',
  });
}

/** Lines `field:   value`, as a map. */
export function factsIn(text: string): Map<string, string> {
  const facts = new Map<string, string>();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) facts.set(line.slice(0, colon).trim(), line.slice(colon + 1).trim());
  }
  return facts;
}
