import type { Client, ClientChannel } from 'ssh2';
import { berthError } from '../errors/index.ts';
import { connectSsh, type SshTarget } from './ssh-client.ts';

/** Opens a channel on a connection and calls back, as the methods of ssh2 do. */
export type OpenChannel = (
  client: Client,
  done: (error: Error | undefined, channel: ClientChannel) => void,
) => void;

/** What a channel is opened for. */
export interface ChannelUse<T> {
  readonly open: OpenChannel;
  /** Takes the channel before anything else comes in: a program's output and end may follow its start in one packet. */
  adopt(channel: ClientChannel): T;
  /** Called instead of handing it out when nobody waits for it any more. */
  discard(adopted: T): void;
}

const CONNECT_TIMEOUT_MS = 30_000;

/** One SSH connection, opened when first needed and again after it was lost. */
export class SshConnection {
  readonly #target: SshTarget;
  readonly #closing = new AbortController();
  #client: Promise<Client> | undefined;

  constructor(target: SshTarget) {
    this.#target = target;
  }

  /** Aborts when the connection is closed for good. */
  get closed(): AbortSignal {
    return this.#closing.signal;
  }

  close(): void {
    this.#closing.abort(berthError('guest-unreachable', 'the connection to the guest was closed'));
    this.#client?.then(
      (client) => client.destroy(),
      () => undefined,
    );
    this.#client = undefined;
  }

  /** Opens a channel; when the connection turns out to be dead, once more over a new one. @throws `guest-unreachable` */
  async openChannel<T>(signal: AbortSignal, use: ChannelUse<T>): Promise<T> {
    const known = this.#client;
    const client = await this.#connected(signal);
    try {
      return await openOn(client, signal, use);
    } catch (error) {
      const isStale = known !== undefined && this.#client !== known && !signal.aborted;
      if (isStale) return openOn(await this.#connected(signal), signal, use);
      throw error;
    }
  }

  async #connected(signal: AbortSignal): Promise<Client> {
    this.#closing.signal.throwIfAborted();
    this.#client ??= this.#connect();
    try {
      return await abortable(this.#client, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
      const { host, port } = this.#target;
      const message = `the guest at ${host}:${port ?? 22} did not let Berth in in time`;
      throw berthError('guest-unreachable', message, { cause: error });
    }
  }

  #connect(): Promise<Client> {
    // Not the caller's signal: others may wait for the same connection.
    const options = { timeoutMs: CONNECT_TIMEOUT_MS, signal: this.#closing.signal };
    const connecting = connectSsh(this.#target, options);
    const forget = () => {
      if (this.#client === connecting) this.#client = undefined;
    };
    connecting.then((client) => client.on('close', forget), forget);
    return connecting;
  }
}

function openOn<T>(client: Client, signal: AbortSignal, use: ChannelUse<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      client.removeListener('close', onLost);
      signal.removeEventListener('abort', onAbort);
    };
    const fail = (error: unknown) => {
      stop();
      reject(error);
    };
    const lost = (cause?: unknown) =>
      berthError('guest-unreachable', 'the connection to the guest was lost', { cause });
    const onLost = () => fail(lost());
    const onAbort = () => fail(signal.reason);
    client.once('close', onLost);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      use.open(client, (error, channel) => {
        if (error !== undefined) {
          fail(
            berthError('guest-unreachable', `the guest refused a channel: ${error.message}`, {
              cause: error,
            }),
          );
        } else if (signal.aborted) {
          use.discard(use.adopt(channel));
        } else {
          stop();
          resolve(use.adopt(channel));
        }
      });
    } catch (error) {
      // ssh2 throws at once when its connection is gone already.
      fail(lost(error));
    }
  });
}

/** Waits for `work` until the signal aborts; then rejects with its reason, and nobody looks at `work` any more. */
export function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
