import { connect, type Socket, type TcpSocketConnectOpts } from 'node:net';
import { systemCode } from '../host/index.ts';
import type { Choice } from './fleet.ts';
import type { Target } from './forwarder.ts';
import type { Leave } from './turnstile.ts';

const CONNECT_TIMEOUT_MS = 10_000;
/** Where another machine may take the connection it is not waited for one that long. */
const TRY_TIMEOUT_MS = 2_000;
/** What may wait for the slower side of a connection, each way: with less, both sides wait for this process in turn. */
export const HIGH_WATER_MARK = 1024 * 1024;
/** A machine that took a connection and is silent so long waits for its client, or works: the next one need not wait for it. */
const SILENT_MS = 250;

/**
 * One client's connection, carried to a machine of its target: as long as no byte went either way, to another one when the first does not
 * take it. The client learns of a failure by a reset.
 */
export class TcpLine {
  readonly #client: Socket;
  readonly #source: string;
  readonly #target: Target;
  readonly #leave: Leave | undefined;
  readonly #tried = new Set<string>();
  #upstream: Socket | undefined;
  #hasSpoken = false;
  #askedAtMs: number | undefined;

  /** `leave` is called when the machine has answered, has been silent for a moment, or the connection is over. */
  constructor(client: Socket, source: string, target: Target, leave?: Leave) {
    this.#client = client;
    this.#source = source;
    this.#target = target;
    this.#leave = leave;
  }

  /** Call it once. */
  begin(): void {
    const client = this.#client;
    client.once('close', (hadError: boolean) => {
      this.#leave?.();
      if (this.#upstream !== undefined && (hadError || !isOver(client))) end(this.#upstream);
    });
    this.#attempt();
  }

  #attempt(): void {
    const { fleet, host, port, isShared = false } = this.#target;
    const choice = fleet?.choose(port, { isShared, tried: this.#tried });
    if (fleet !== undefined && choice === undefined) {
      this.#client.resetAndDestroy();
      return;
    }
    if (choice !== undefined) this.#tried.add(choice.id);
    // The types do not know that a socket takes what every stream takes. The machine's end is known without keep-alive, which one that
    // stands still would not answer.
    const options: TcpSocketConnectOpts & { readonly highWaterMark: number } = {
      ...{ host: choice?.host ?? host, port },
      ...{ allowHalfOpen: true, highWaterMark: HIGH_WATER_MARK, noDelay: true },
    };
    this.#follow(connect(options), choice, isShared && (fleet?.size ?? 1) > this.#tried.size);
  }

  #follow(upstream: Socket, choice: Choice | undefined, hasOthers: boolean): void {
    this.#upstream = upstream;
    let reason = 'it ended the connection';
    const over = choice?.begin(() => {
      reason = 'it left';
      end(upstream);
    });
    upstream.on('error', (error) => {
      reason = systemCode(error) ?? error.message;
    });
    upstream.setTimeout(hasOthers ? TRY_TIMEOUT_MS : CONNECT_TIMEOUT_MS, () =>
      upstream.destroy(new Error('it did not answer in time')),
    );
    upstream.once('close', (hadError: boolean) => {
      over?.();
      if (hadError || !isOver(upstream)) this.#failed(upstream, choice, reason);
    });
    upstream.once('connect', () => {
      upstream.setTimeout(0);
      choice?.accepted();
      this.#join(upstream);
    });
  }

  #join(upstream: Socket): void {
    const { gate, fleet } = this.#target;
    const client = this.#client;
    const onAsked = () => {
      this.#hasSpoken = true;
      this.#askedAtMs ??= performance.now();
      gate?.touch(this.#source);
    };
    client.on('data', onAsked);
    upstream.once('close', () => client.off('data', onAsked));
    upstream.on('data', () => {
      this.#hasSpoken = true;
      gate?.touch(this.#source);
      if (this.#askedAtMs === undefined) return;
      fleet?.answered(performance.now() - this.#askedAtMs);
      this.#askedAtMs = undefined;
    });
    if (this.#leave !== undefined) {
      upstream.once('data', this.#leave);
      setTimeout(this.#leave, SILENT_MS).unref();
    }
    client.pipe(upstream);
    upstream.pipe(client);
    client.resume();
  }

  #failed(upstream: Socket, choice: Choice | undefined, reason: string): void {
    const client = this.#client;
    if (client.destroyed) return;
    if (this.#hasSpoken || choice === undefined) {
      client.resetAndDestroy();
      return;
    }
    choice.refused(reason);
    client.unpipe(upstream);
    upstream.unpipe(client);
    client.pause();
    this.#attempt();
  }
}

/** Both directions have come to their end. */
function isOver(socket: Socket): boolean {
  return socket.readableEnded && socket.writableFinished;
}

/** One that is still connecting would be reset only when it is connected. */
function end(socket: Socket): void {
  if (socket.connecting) socket.destroy();
  else socket.resetAndDestroy();
}
