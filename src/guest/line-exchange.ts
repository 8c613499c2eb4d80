import { randomInt } from 'node:crypto';
import type { Socket } from 'node:net';
import { deadlineSignal, formatDuration, LineFramer, sleep } from '../base/index.ts';
import { berthError } from '../errors/index.ts';
import { connectUnix } from '../host/index.ts';
import { ReadBudget } from './read-budget.ts';
import type { WaitOptions } from './wait-options.ts';

/** An answer that said `ok`. */
export interface AnsweredLine {
  /** What followed `ok`; `''` when nothing did. */
  readonly result: string;
  /** When the request that it answers was sent, in ms since 1970. */
  readonly sentAtMs: number;
}

interface Pending {
  readonly sentAtMs: number;
  readonly verb: string;
  answer(value: AnsweredLine): void;
  refuse(error: Error): void;
}

/** An answer is a time or a short message: a guest that says more is not listened to. */
const MAX_LINE_LENGTH = 8_192;
const MAX_MESSAGE_LENGTH = 500;
/** What begins a line that answers nothing: no id is like it. */
const NOTICE = '! ';
const RECONNECT_INTERVAL_MS = 50;
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * Requests and answers over one unix socket: `<id> <verb> <words>` is answered by `<id> ok <words>` or `<id> error <hex>`.
 * Ids start at random, so that what an earlier conversation left in a restored guest answers nothing. `! <words>` is a notice
 * that nobody asked for; it is heard as long as there is a connection, which the first request makes.
 */
export class LineExchange {
  readonly #path: string;
  readonly #pending = new Map<string, Pending>();
  readonly #closing = new AbortController();
  readonly #onNotice: (words: string) => void;
  #socket: Socket | undefined;
  #connecting: Promise<Socket> | undefined;
  #nextId = randomInt(2 ** 40);

  constructor(path: string, onNotice: (words: string) => void = () => undefined) {
    this.#path = path;
    this.#onNotice = onNotice;
  }

  /** Sends what `compose` returns, every `repeatMs` anew, until one of them is answered. */
  async request(compose: () => string, repeatMs: number, o: WaitOptions): Promise<AnsweredLine> {
    o.signal?.throwIfAborted();
    const finished = new AbortController();
    const deadline = deadlineSignal(
      o.timeoutMs,
      o.signal === undefined ? this.#closing.signal : AbortSignal.any([o.signal, this.#closing.signal]),
    );
    const ids: string[] = [];
    try {
      return await new Promise<AnsweredLine>((resolve, reject) => {
        deadline.addEventListener('abort', () => reject(this.#reason(compose(), o)), { once: true });
        if (deadline.aborted) reject(this.#reason(compose(), o));
        const send = (socket: Socket) => ids.push(this.#send(socket, compose(), resolve, reject));
        this.#keepSending(send, repeatMs, AbortSignal.any([deadline, finished.signal])).catch(reject);
      });
    } finally {
      finished.abort();
      for (const id of ids) this.#pending.delete(id);
    }
  }

  /** Connects before the first request needs it; fails with `guest-unreachable`, or the signal's reason. */
  async connect(o: WaitOptions): Promise<void> {
    const deadline = deadlineSignal(
      o.timeoutMs,
      o.signal === undefined ? this.#closing.signal : AbortSignal.any([o.signal, this.#closing.signal]),
    );
    if ((await this.#connected(deadline)) === undefined) throw this.#reason('connect', o);
  }

  close(): void {
    this.#closing.abort();
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  async #keepSending(send: (socket: Socket) => void, repeatMs: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const socket = await this.#connected(signal);
      if (socket === undefined) return;
      // While the guest reads nothing, what was sent before still waits in the socket: more of it helps nobody.
      if (socket.writableLength === 0) send(socket);
      await untilClosedOr(repeatMs, socket, signal);
    }
  }

  /** Undefined when the signal ended the wait. */
  async #connected(signal: AbortSignal): Promise<Socket | undefined> {
    while (!signal.aborted) {
      if (this.#socket !== undefined && !this.#socket.destroyed) return this.#socket;
      this.#connecting ??= this.#connect();
      try {
        return await this.#connecting;
      } catch {
        await sleep(RECONNECT_INTERVAL_MS, signal).catch(() => undefined);
      }
    }
    return undefined;
  }

  async #connect(): Promise<Socket> {
    try {
      const socket = await connectUnix(this.#path, {
        timeoutMs: CONNECT_TIMEOUT_MS,
        signal: this.#closing.signal,
      });
      const framer = new LineFramer({ maxLineLength: MAX_LINE_LENGTH });
      const budget = new ReadBudget();
      socket.setEncoding('latin1');
      socket.on('error', () => undefined);
      socket.on('close', () => {
        if (this.#socket === socket) this.#socket = undefined;
      });
      socket.on('data', (chunk: string) => {
        for (const line of framer.push(chunk)) this.#onLine(line);
        restAfter(socket, budget.spend(chunk.length, performance.now()));
      });
      // Ends what an earlier host may have left half said in a restored guest.
      socket.write('\n');
      this.#socket = socket;
      return socket;
    } finally {
      this.#connecting = undefined;
    }
  }

  #send(
    socket: Socket,
    words: string,
    answer: (value: AnsweredLine) => void,
    refuse: (error: Error) => void,
  ): string {
    const id = String(this.#nextId);
    this.#nextId += 1;
    const verb = words.split(' ', 1)[0] ?? '';
    this.#pending.set(id, { sentAtMs: Date.now(), verb, answer, refuse });
    socket.write(`${id} ${words}\n`, 'latin1');
    return id;
  }

  #onLine(line: string): void {
    if (line.startsWith(NOTICE)) return this.#onNotice(line.slice(NOTICE.length));
    const [id = '', verdict, ...words] = line.split(' ');
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    if (verdict === 'ok') pending.answer({ result: words.join(' '), sentAtMs: pending.sentAtMs });
    if (verdict === 'error')
      pending.refuse(
        berthError(
          'guest-command-failed',
          `the guest refused "${pending.verb}": ${messageFrom(words[0] ?? '')}`,
        ),
      );
  }

  #reason(words: string, o: WaitOptions): unknown {
    if (o.signal?.aborted === true) return o.signal.reason;
    const verb = words.split(' ', 1)[0] ?? '';
    if (this.#closing.signal.aborted)
      return berthError('guest-unreachable', `the line to the guest was closed during "${verb}"`);
    return berthError(
      'guest-unreachable',
      `the guest did not answer "${verb}" within ${formatDuration(o.timeoutMs)}`,
    );
  }
}

/** Stops reading for a while: what the guest goes on saying then waits in the guest. */
function restAfter(socket: Socket, pauseMs: number): void {
  if (pauseMs <= 0) return;
  socket.pause();
  const timer = setTimeout(() => socket.resume(), pauseMs);
  socket.once('close', () => clearTimeout(timer));
}

/** Text from hex, without what would disturb a terminal or a log. */
function messageFrom(hex: string): string {
  const text = Buffer.from(hex.slice(0, MAX_MESSAGE_LENGTH * 2), 'hex').toString('utf8');
  return text.replaceAll(/[^\x20-\x7e]+/g, ' ').trim();
}

/** Waits `ms`, until the socket closes or until the signal aborts, whichever comes first. */
function untilClosedOr(ms: number, socket: Socket, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted || socket.destroyed) {
      resolve();
      return;
    }
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      socket.removeListener('close', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
    socket.once('close', done);
  });
}
