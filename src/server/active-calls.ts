import { berthError } from '../errors/index.ts';

/** What can tell that the other side has gone: an answer or a socket. */
interface Connection {
  once(event: 'close', listener: () => void): unknown;
}

/** The calls that run, so that all of them can be ended at once. */
export class ActiveCalls {
  readonly #calls = new Set<AbortController>();
  #closed: Error | undefined;
  #idle: () => void = () => undefined;

  /** A signal for one call: aborts when its connection closes, whether before or after the answer, and at {@link close}. */
  begin(connection: Connection): AbortSignal {
    const call = new AbortController();
    this.#calls.add(call);
    connection.once('close', () => {
      this.#calls.delete(call);
      if (this.#calls.size === 0) this.#idle();
      call.abort(berthError('cancelled', 'The client has gone'));
    });
    if (this.#closed !== undefined) call.abort(this.#closed);
    return call.signal;
  }

  /** Aborts every call, those to come too; resolves when none is left or after `timeoutMs`. */
  async close(timeoutMs: number): Promise<void> {
    const reason = berthError('cancelled', 'The daemon is stopping');
    this.#closed = reason;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#idle = resolve;
    for (const call of this.#calls) call.abort(reason);
    if (this.#calls.size === 0) return;
    const timer = setTimeout(resolve, timeoutMs);
    await promise;
    clearTimeout(timer);
  }
}
