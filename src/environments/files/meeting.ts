import { deadlineSignal } from '../../base/index.ts';
import { asBerthError, berthError } from '../../errors/index.ts';
import type { ExchangeStreams } from './exchange-streams.ts';

/** How long an operation waits for whoever asked for it to come with the files. */
const ARRIVAL_TIMEOUT_MS = 60_000;

interface Guest {
  readonly streams: ExchangeStreams;
  /** Settles as the exchange ends. */
  readonly ended: PromiseWithResolvers<void>;
}

/** Where an operation that needs files and the connection that brings them find each other, whoever comes first. */
export class FileMeetings {
  readonly #meetings = new Map<string, PromiseWithResolvers<Guest>>();

  /** Side of the connection: waits until the operation has taken the files. */
  async bring(operation: string, streams: ExchangeStreams, signal: AbortSignal): Promise<void> {
    const ended = Promise.withResolvers<void>();
    const onAbort = () => ended.reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    this.#meeting(operation).resolve({ streams, ended });
    try {
      await ended.promise;
    } finally {
      this.#meetings.delete(operation);
      signal.removeEventListener('abort', onAbort);
    }
  }

  /**
   * Side of the operation: waits for the connection and exchanges files with it.
   * @throws `timeout` when nobody comes
   */
  async take(
    operation: string,
    signal: AbortSignal,
    exchange: (streams: ExchangeStreams) => Promise<void>,
  ): Promise<void> {
    const guest = await this.#arrival(operation, signal).finally(() => this.#meetings.delete(operation));
    try {
      await Promise.race([exchange(guest.streams), guest.ended.promise]);
      guest.ended.resolve();
    } catch (error) {
      guest.ended.reject(error);
      throw asBerthError(error);
    }
  }

  async #arrival(operation: string, signal: AbortSignal): Promise<Guest> {
    const deadline = deadlineSignal(ARRIVAL_TIMEOUT_MS, signal);
    const { promise, reject } = Promise.withResolvers<never>();
    const onAbort = () => reject(deadline.reason);
    deadline.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([this.#meeting(operation).promise, promise]);
    } catch (error) {
      signal.throwIfAborted();
      throw berthError('timeout', "the project's files did not come", {
        remedy: 'Repeat the command; it sends them, and has to run until they are there.',
        cause: error,
      });
    } finally {
      deadline.removeEventListener('abort', onAbort);
    }
  }

  #meeting(operation: string): PromiseWithResolvers<Guest> {
    const known = this.#meetings.get(operation) ?? Promise.withResolvers<Guest>();
    this.#meetings.set(operation, known);
    return known;
  }
}
