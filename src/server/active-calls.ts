import { berthError } from '../errors/index.ts';

/** What can tell that the other side has gone: an answer or a socket. */
interface Connection {
  once(event: 'close', listener: () => void): unknown;
}

/** The calls that run, so that all of them can be ended at once. */
export class ActiveCalls {
  readonly #calls = new Set<AbortController>();
  #closed: Error | undefined;

  /** A signal for one call: aborts when its connection closes, whether before or after the answer, and at {@link close}. */
  begin(connection: Connection): AbortSignal {
    const call = new AbortController();
    this.#calls.add(call);
    connection.once('close', () => {
      this.#calls.delete(call);
      call.abort(berthError('cancelled', 'The client has gone'));
    });
    if (this.#closed !== undefined) call.abort(this.#closed);
    return call.signal;
  }

  close(): void {
    this.#closed = berthError('cancelled', 'The daemon is stopping');
    for (const call of this.#calls) call.abort(this.#closed);
    this.#calls.clear();
  }
}
