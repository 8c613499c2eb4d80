import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { LISTEN_BACKLOG } from '../base/index.ts';
import type { Endpoint, Forwarder, IngressLog, Target } from './forwarder.ts';
import { Reopener } from './reopener.ts';
import { HIGH_WATER_MARK, TcpLine } from './tcp-line.ts';
import { type Leave, Turnstile } from './turnstile.ts';

/** Notices peers that vanished without a word. */
const KEEP_ALIVE_DELAY_MS = 60_000;
/** Of the connections that waited for a machine so many may wait for its answer at once. */
const PLACES_AFTER_WAKE = 8;

/**
 * Carries TCP connections to a target. Each end may close its direction by itself, a reset on one side becomes a reset
 * on the other, and a target that refuses makes a reset too: a client never takes a failure for an empty answer.
 */
export class TcpForwarder implements Forwarder {
  readonly #endpoint: Endpoint;
  readonly #log: IngressLog;
  readonly #clients = new Set<Socket>();
  readonly #turnstile = new Turnstile(PLACES_AFTER_WAKE);
  readonly #reopener = new Reopener({ open: () => this.open(), close: () => this.close() });
  #target: Target;
  #server: Server | undefined;

  constructor(endpoint: Endpoint, target: Target, log: IngressLog) {
    this.#endpoint = endpoint;
    this.#target = target;
    this.#log = log;
  }

  async open(): Promise<void> {
    const server = createServer({
      allowHalfOpen: true,
      // Nothing is read before there is somewhere to put it.
      pauseOnConnect: true,
      noDelay: true,
      highWaterMark: HIGH_WATER_MARK,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS,
    });
    server.on('connection', (client) => this.#admit(client));
    server.listen({
      host: this.#endpoint.address,
      port: this.#endpoint.port,
      backlog: LISTEN_BACKLOG,
      exclusive: true,
    });
    await once(server, 'listening');
    this.#server = server;
    server.on('error', (error) => {
      this.#log.warn(
        `The listener on ${this.#endpoint.address}:${this.#endpoint.port} failed: ${error.message}`,
      );
      server.close();
    });
    server.on('close', () => {
      if (this.#server === server) void this.#reopener.reopen();
    });
  }

  retarget(target: Target): void {
    this.#target = target;
  }

  connections(): number {
    return this.#clients.size;
  }

  async close(): Promise<void> {
    this.#reopener.end();
    const server = this.#server;
    this.#server = undefined;
    const closed = server?.listening === true ? once(server, 'close') : undefined;
    server?.close();
    for (const client of this.#clients) client.resetAndDestroy();
    await closed;
  }

  #admit(client: Socket): void {
    this.#clients.add(client);
    client.once('close', () => this.#clients.delete(client));
    // The error is no news for anybody but the peer, who learns it by the reset.
    client.on('error', () => undefined);
    const source = client.remoteAddress ?? '';
    const passing = this.#target.gate?.pass(source, () => firstBytes(client));
    if (passing === undefined) this.#carry(client, source);
    else void this.#hold(client, source, passing);
  }

  /** Keeps a client until the machine behind has been woken; it does not learn of it. */
  async #hold(client: Socket, source: string, passing: Promise<boolean>): Promise<void> {
    try {
      const isCarried = await passing;
      const leave = isCarried ? await this.#turnstile.enter() : undefined;
      if (client.destroyed) leave?.();
      else if (isCarried) this.#carry(client, source, leave);
      else client.destroySoon();
    } catch {
      client.resetAndDestroy();
    }
  }

  #carry(client: Socket, source: string, leave?: Leave): void {
    new TcpLine(client, source, this.#target, leave).begin();
  }
}

/** True when a client has sent something, which stays to be read; false when it has ended without. */
function firstBytes(client: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = () => resolve(client.readableLength > 0);
    client.once('readable', settle);
    client.once('close', () => resolve(false));
  });
}
