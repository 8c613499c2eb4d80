import { connect, type Socket } from 'node:net';
import { formatDuration, sleep } from '../base/index.ts';
import { berthError } from '../errors/index.ts';
import type { Target } from './forwarder.ts';

/** How long {@link waitAccepting} waits. */
export interface WaitAcceptingOptions {
  /** The deadline, in ms from the call. */
  readonly timeoutMs: number;
  /** Ends the wait early with the signal's reason. */
  readonly signal?: AbortSignal;
  /** How long a connection must stay open to count, default 10 ms: a relay may accept what its target refuses. */
  readonly settleMs?: number;
}

const SETTLE_MS = 10;
const FIRST_INTERVAL_MS = 5;
const LAST_INTERVAL_MS = 100;
/** Packets to a guest that is just waking up get lost; their repetition would come a second later, a new attempt sooner. */
const MAX_ATTEMPTS_AT_ONCE = 8;

/**
 * Waits until a TCP port accepts a connection that then stays open for a moment, or on which the server speaks first.
 * Tries every 5 ms at first, every 100 ms in the end. Throws `timeout` at the deadline, else the signal's reason.
 */
export async function waitAccepting(target: Target, options: WaitAcceptingOptions): Promise<void> {
  const { timeoutMs, signal, settleMs = SETTLE_MS } = options;
  signal?.throwIfAborted();
  const ending = new AbortController();
  const onAbort = () => ending.abort(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  const timer = setTimeout(() => ending.abort(lateError(target, timeoutMs)), Math.max(timeoutMs, 0));
  const attempts = new Attempts(target, settleMs, ending);
  try {
    await attempts.untilAccepted();
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    attempts.end();
  }
}

function lateError(target: Target, timeoutMs: number): Error {
  return berthError(
    'timeout',
    `Nothing accepts connections at ${target.host}:${target.port} within ${formatDuration(timeoutMs)}`,
  );
}

/** Several connection attempts under way at once; the first that holds wins. */
class Attempts {
  readonly #target: Target;
  readonly #settleMs: number;
  /** Aborts with the deadline or the caller, and in the end. */
  readonly #ending: AbortController;
  readonly #sockets = new Set<Socket>();
  #accepted = false;

  constructor(target: Target, settleMs: number, ending: AbortController) {
    this.#target = target;
    this.#settleMs = settleMs;
    this.#ending = ending;
  }

  async untilAccepted(): Promise<void> {
    const { signal } = this.#ending;
    let intervalMs = FIRST_INTERVAL_MS;
    while (!this.#accepted) {
      this.#begin();
      // An acceptance ends the pause early.
      await sleep(intervalMs, signal).catch((error: unknown) => {
        if (!this.#accepted) throw error;
      });
      intervalMs = Math.min(intervalMs * 1.25, LAST_INTERVAL_MS);
    }
  }

  end(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #begin(): void {
    const [oldest] = this.#sockets;
    if (this.#sockets.size >= MAX_ATTEMPTS_AT_ONCE) oldest?.destroy();
    const socket = connect(this.#target);
    this.#sockets.add(socket);
    let settling: NodeJS.Timeout | undefined;
    socket.on('error', () => undefined);
    socket.once('close', () => {
      clearTimeout(settling);
      this.#sockets.delete(socket);
    });
    socket.once('connect', () => {
      settling = setTimeout(() => this.#accept(), this.#settleMs);
    });
    socket.once('data', () => this.#accept());
  }

  #accept(): void {
    if (this.#ending.signal.aborted) return;
    this.#accepted = true;
    this.#ending.abort();
  }
}
