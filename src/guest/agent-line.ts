import { randomInt } from 'node:crypto';
import type { Socket } from 'node:net';
import { deadlineSignal, formatDuration, Mutex } from '../base/index.ts';
import { berthError } from '../errors/index.ts';
import { connectUnix } from '../host/index.ts';
import { field, parseJson, textAt } from './json-reading.ts';
import type { WaitOptions } from './wait-options.ts';

/** An answer may carry captured output in base64. */
const MAX_ANSWER_BYTES = 24 * 1024 * 1024;
const DELIMITER = 0xff;

/** The agent answers in order and without ids, so each command has the line to itself, after a synchronisation. */
export class AgentLine {
  readonly #path: string;
  readonly #turn = new Mutex();
  #connection: AgentConnection | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  command(name: string, args: Record<string, unknown> | undefined, o: WaitOptions): Promise<unknown> {
    return this.#within(name, o, async (signal) => {
      const connection = await this.#ready(signal);
      connection.send(name, args);
      const answer = await connection.answer(signal);
      const error = field(answer, 'error');
      if (error === undefined) return field(answer, 'return');
      throw berthError(
        'guest-command-failed',
        `the guest agent refused "${name}": ${printable(textAt(error, 'desc') ?? 'no reason given')}`,
      );
    });
  }

  /** For commands that have no answer when they succeed. */
  tell(name: string, args: Record<string, unknown>, o: WaitOptions): Promise<void> {
    return this.#within(name, o, async (signal) => {
      const connection = await this.#ready(signal);
      connection.send(name, args);
    });
  }

  /** Connects before the first command needs it; fails with `guest-unreachable`, or the signal's reason. */
  connect(o: WaitOptions): Promise<void> {
    return this.#within('connect', o, async (signal) => {
      await this.#connected(signal);
    });
  }

  close(): void {
    this.#connection?.destroy();
    this.#connection = undefined;
  }

  async #ready(signal: AbortSignal): Promise<AgentConnection> {
    const connection = await this.#connected(signal);
    await connection.synchronise(signal);
    return connection;
  }

  async #connected(signal: AbortSignal): Promise<AgentConnection> {
    if (this.#connection?.isOpen !== true)
      this.#connection = new AgentConnection(await connectUnix(this.#path, { timeoutMs: 60_000, signal }));
    return this.#connection;
  }

  #within<T>(name: string, o: WaitOptions, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const signal = deadlineSignal(o.timeoutMs, o.signal);
    return this.#turn.run(async () => {
      try {
        signal.throwIfAborted();
        return await work(signal);
      } catch (error) {
        if (field(error, 'code') === 'guest-command-failed') throw error;
        // What arrives later would be taken for the answer to another command: start afresh.
        this.close();
        if (o.signal?.aborted === true) throw o.signal.reason;
        const fact = signal.aborted
          ? `did not answer "${name}" within ${formatDuration(o.timeoutMs)}`
          : `could not be asked for "${name}"`;
        throw berthError('guest-unreachable', `the guest agent ${fact}`, { cause: error });
      }
    });
  }
}

class AgentConnection {
  readonly #socket: Socket;
  #buffer: Buffer[] = [];
  #size = 0;
  #wake: (() => void) | undefined;
  #synchronised = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => undefined);
    socket.on('close', () => this.#wake?.());
    socket.on('data', (chunk: Buffer) => {
      this.#buffer.push(chunk);
      this.#size += chunk.length;
      if (this.#size > MAX_ANSWER_BYTES) socket.destroy();
      this.#wake?.();
    });
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed;
  }

  destroy(): void {
    this.#socket.destroy();
  }

  send(name: string, args: Record<string, unknown> | undefined): void {
    this.#socket.write(
      `${JSON.stringify({ execute: name, ...(args === undefined ? {} : { arguments: args }) })}\n`,
    );
  }

  /** Once: makes sure that the next answer belongs to the next command: the agent echoes a number after a byte that JSON cannot have. */
  async synchronise(signal: AbortSignal): Promise<void> {
    if (this.#synchronised) return;
    const id = randomInt(2 ** 40);
    this.#socket.write(Buffer.from([DELIMITER]));
    this.send('guest-sync-delimited', { id });
    for (;;) {
      const line = await this.#line(signal);
      const start = line.lastIndexOf(DELIMITER);
      if (start >= 0 && field(parseJson(line.toString('utf8', start + 1)), 'return') === id) break;
    }
    this.#synchronised = true;
  }

  async answer(signal: AbortSignal): Promise<unknown> {
    return parseJson((await this.#line(signal)).toString('utf8'));
  }

  async #line(signal: AbortSignal): Promise<Buffer> {
    for (;;) {
      const last = this.#buffer.at(-1);
      if (last?.includes(0x0a) === true || this.#buffer.some((part) => part.includes(0x0a)))
        return this.#takeLine();
      signal.throwIfAborted();
      if (!this.isOpen) throw new Error('the connection was closed');
      await this.#more(signal);
    }
  }

  #takeLine(): Buffer {
    const all = Buffer.concat(this.#buffer);
    const end = all.indexOf(0x0a);
    const rest = all.subarray(end + 1);
    this.#buffer = rest.length === 0 ? [] : [rest];
    this.#size = rest.length;
    return all.subarray(0, end);
  }

  #more(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#wake = undefined;
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#wake = done;
      signal.addEventListener('abort', done, { once: true });
    });
  }
}

function printable(text: string): string {
  return text
    .slice(0, 500)
    .replaceAll(/[^\x20-\x7e]+/g, ' ')
    .trim();
}
