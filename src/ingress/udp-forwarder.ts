import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import { systemCode } from '../host/index.ts';
import type { Endpoint, Forwarder, IngressLog, Target } from './forwarder.ts';
import { Reopener } from './reopener.ts';

/** How long a client's session lives without a datagram in either direction. */
const IDLE_MS = 60_000;
const MAX_SESSIONS = 1_024;
/** Datagrams kept while the session's socket is being made. */
const MAX_PENDING = 64;
/** Room for a burst of the largest datagrams; the system may grant less. */
const RECEIVE_BUFFER_BYTES = 1024 * 1024;

interface Session {
  readonly socket: Socket;
  /** What waits for the socket to be connected and for the machine to run; undefined once both are so. */
  pending: Buffer[] | undefined;
  isConnected: boolean;
  isHeld: boolean;
  usedAt: number;
  /** Ends its count among the sessions of its machine. */
  over?: (() => void) | undefined;
}

/** Carries datagrams to a target; each client address has a session, by whose socket the answers find back. */
export class UdpForwarder implements Forwarder {
  readonly #endpoint: Endpoint;
  readonly #log: IngressLog;
  /** By client address; least recently used first. */
  readonly #sessions = new Map<string, Session>();
  readonly #reopener = new Reopener({ open: () => this.open(), close: () => this.close() });
  #target: Target;
  #listener: Socket | undefined;
  #sweeper: NodeJS.Timeout | undefined;

  constructor(endpoint: Endpoint, target: Target, log: IngressLog) {
    this.#endpoint = endpoint;
    this.#target = target;
    this.#log = log;
  }

  async open(): Promise<void> {
    const listener = createSocket({
      type: family(this.#endpoint.address),
      recvBufferSize: RECEIVE_BUFFER_BYTES,
    });
    listener.on('message', (message, from) => this.#forward(message, from));
    listener.bind({ address: this.#endpoint.address, port: this.#endpoint.port, exclusive: true });
    try {
      await once(listener, 'listening');
    } catch (error) {
      listener.close();
      throw error;
    }
    listener.on('error', (error) => {
      this.#log.warn(
        `The listener on ${this.#endpoint.address}:${this.#endpoint.port}/udp failed: ${error.message}`,
      );
      listener.close();
    });
    listener.on('close', () => {
      if (this.#listener !== listener) return;
      this.#listener = undefined;
      void this.#reopener.reopen();
    });
    this.#listener = listener;
    clearInterval(this.#sweeper);
    this.#sweeper = setInterval(() => this.#sweep(), IDLE_MS / 4);
    this.#sweeper.unref();
  }

  retarget(target: Target): void {
    const { host, port } = this.#target;
    if (target.host === host && target.port === port) return;
    this.#target = target;
    // Without a connection there is no telling where an old session ends.
    for (const key of [...this.#sessions.keys()]) this.#end(key);
  }

  connections(): number {
    return this.#sessions.size;
  }

  async close(): Promise<void> {
    this.#reopener.end();
    clearInterval(this.#sweeper);
    for (const key of [...this.#sessions.keys()]) this.#end(key);
    const listener = this.#listener;
    this.#listener = undefined;
    if (listener === undefined) return;
    const closed = once(listener, 'close');
    listener.close();
    await closed;
  }

  #forward(message: Buffer, from: RemoteInfo): void {
    const key = `${from.address} ${from.port}`;
    const session = this.#sessions.get(key) ?? this.#begin(key, from);
    session.usedAt = performance.now();
    this.#sessions.delete(key);
    this.#sessions.set(key, session);
    if (!session.isHeld) this.#pass(key, session, from.address);
    if (session.pending === undefined) session.socket.send(message);
    else if (session.pending.length < MAX_PENDING) session.pending.push(message);
  }

  /** Keeps what comes until the machine has been woken, if it has to be. */
  #pass(key: string, session: Session, source: string): void {
    const passing = this.#target.gate?.pass(source, () => Promise.resolve(true));
    if (passing === undefined) return;
    session.isHeld = true;
    session.pending ??= [];
    passing.then(
      (isCarried) => {
        session.isHeld = false;
        if (isCarried) flush(session);
        else this.#end(key, session);
      },
      () => this.#end(key, session),
    );
  }

  #begin(key: string, from: RemoteInfo): Session {
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size >= MAX_SESSIONS && oldest !== undefined) this.#end(oldest);
    const { port, gate, fleet, isShared = false } = this.#target;
    const choice = fleet?.choose(port, { isShared, tried: new Set() });
    const host = choice?.host ?? this.#target.host;
    const session: Session = {
      ...{ socket: createSocket(family(host)), pending: [], usedAt: performance.now() },
      ...{ isConnected: false, isHeld: false },
    };
    session.over = choice?.begin(() => this.#end(key, session));
    // A target that refuses may be there with the next datagram: the session stays, so that it sees the client from the same port. Where
    // there are other machines the next datagram goes to one of them.
    session.socket.on('error', (error) => {
      const code = systemCode(error);
      const hasOthers = isShared && (fleet?.size ?? 1) > 1;
      if (hasOthers) choice?.refused(code ?? error.message);
      if (code !== 'ECONNREFUSED' || hasOthers) this.#end(key, session);
    });
    session.socket.on('message', (answer) => {
      session.usedAt = performance.now();
      choice?.accepted();
      gate?.touch(from.address);
      this.#listener?.send(answer, from.port, from.address, () => undefined);
    });
    session.socket.connect(port, host, () => {
      session.isConnected = true;
      flush(session);
    });
    return session;
  }

  #end(key: string, session = this.#sessions.get(key)): void {
    if (session === undefined || this.#sessions.get(key) !== session) return;
    this.#sessions.delete(key);
    session.over?.();
    session.socket.close();
  }

  #sweep(): void {
    const oldest = performance.now() - IDLE_MS;
    for (const [key, session] of this.#sessions) if (session.usedAt < oldest) this.#end(key);
  }
}

function flush(session: Session): void {
  if (!session.isConnected || session.isHeld) return;
  for (const message of session.pending ?? []) session.socket.send(message);
  session.pending = undefined;
}

function family(address: string): 'udp4' | 'udp6' {
  return isIPv6(address) ? 'udp6' : 'udp4';
}
