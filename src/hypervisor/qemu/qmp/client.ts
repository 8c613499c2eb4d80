import { LineFramer } from '../../../base/index.ts';
import { type BerthError, berthError } from '../../../errors/index.ts';
import type { QmpArguments, QmpCommandName, QmpEvent, QmpResult } from './protocol.ts';

/** The few things a QMP connection needs of a socket. */
export interface QmpSocket {
  on(event: 'data', listener: (chunk: Buffer) => void): unknown;
  on(event: 'close', listener: () => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  write(text: string): unknown;
  destroy(): unknown;
}

interface Pending {
  readonly command: string;
  /** Made when the command is sent, so that its stack shows the caller. */
  readonly error: BerthError;
  readonly timer: NodeJS.Timeout;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

type Listener = (event: QmpEvent) => void;

/** A reply of QEMU is small; a longer line is not a reply. */
const MAX_LINE_LENGTH = 4 * 1024 * 1024;

/**
 * One connection to a QEMU monitor. Commands run in the order in which they are sent; each has a deadline, after
 * which it fails with `machine-unresponsive` and its late reply is ignored.
 */
export class QmpClient {
  readonly #socket: QmpSocket;
  readonly #pending = new Map<number, Pending>();
  readonly #listeners = new Set<Listener>();
  readonly #framer = new LineFramer({ maxLineLength: MAX_LINE_LENGTH });
  readonly #greeting = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();
  #nextId = 1;
  #isClosed = false;

  private constructor(socket: QmpSocket) {
    this.#socket = socket;
    socket.on('data', (chunk) => this.#read(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => this.#onClose());
    this.#greeting.promise.catch(() => undefined);
  }

  /** Waits for QEMU's greeting and leaves capability negotiation. Fails with `machine-unresponsive`. */
  static async open(socket: QmpSocket, timeoutMs: number): Promise<QmpClient> {
    const client = new QmpClient(socket);
    const timer = setTimeout(() => {
      client.#greeting.reject(
        berthError('machine-unresponsive', 'QEMU did not greet on its monitor in time'),
      );
    }, timeoutMs);
    try {
      await client.#greeting.promise;
      await client.send('qmp_capabilities', undefined, timeoutMs);
      return client;
    } catch (error) {
      client.close();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Resolves when the connection is gone, whoever ended it. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Calls `listener` for each event from now on; the result ends that. */
  onEvent(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Runs one command.
   * @throws `machine-unresponsive` after `timeoutMs` or when the connection ends, `hypervisor-failed` when QEMU refuses.
   */
  send<Name extends QmpCommandName>(
    command: Name,
    ...[args, timeoutMs = 5000]: QmpArguments<Name> extends undefined
      ? [args?: undefined, timeoutMs?: number]
      : [args: QmpArguments<Name>, timeoutMs?: number]
  ): Promise<QmpResult<Name>> {
    const error = berthError('machine-unresponsive', `QEMU did not answer ${command} within ${timeoutMs} ms`);
    if (this.#isClosed) return Promise.reject(error);
    const id = this.#nextId++;
    return new Promise<QmpResult<Name>>((resolve, reject) => {
      const timer = setTimeout(() => this.#take(id)?.reject(error), timeoutMs);
      this.#pending.set(id, {
        command,
        error,
        timer,
        resolve: (value) => resolve(value as QmpResult<Name>),
        reject,
      });
      const message =
        args === undefined ? { execute: command, id } : { execute: command, arguments: args, id };
      this.#socket.write(`${JSON.stringify(message)}\n`);
    });
  }

  /**
   * Resolves with the first event from now on that `accept` takes.
   * Call it before the command that causes the event.
   */
  waitFor(accept: (event: QmpEvent) => boolean, signal: AbortSignal): Promise<QmpEvent> {
    return new Promise((resolve, reject) => {
      const finish = () => {
        off();
        signal.removeEventListener('abort', onAbort);
      };
      const off = this.onEvent((event) => {
        if (!accept(event)) return;
        finish();
        resolve(event);
      });
      const onAbort = () => {
        finish();
        reject(signal.reason);
      };
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort);
      void this.#closed.promise.then(() => {
        finish();
        reject(berthError('machine-crashed', 'QEMU closed its monitor while an event was awaited'));
      });
    });
  }

  close(): void {
    this.#socket.destroy();
    this.#onClose();
  }

  #read(chunk: Buffer): void {
    for (const line of this.#framer.push(chunk.toString('utf8'))) {
      const message = parse(line);
      if (message !== undefined) this.#dispatch(message);
    }
  }

  #dispatch(message: Readonly<Record<string, unknown>>): void {
    if ('QMP' in message) return this.#greeting.resolve();
    if (typeof message['event'] === 'string') return this.#emit(message['event'], message);
    const pending = this.#take(message['id']);
    if (pending === undefined) return;
    if ('return' in message) return pending.resolve(message['return']);
    const reason = (message['error'] as { desc?: string } | undefined)?.desc ?? 'no reason given';
    pending.reject(
      berthError('hypervisor-failed', `QEMU refused ${pending.command}: ${reason}`, { cause: pending.error }),
    );
  }

  #emit(event: string, message: Readonly<Record<string, unknown>>): void {
    const stamp = message['timestamp'] as { seconds?: number; microseconds?: number } | undefined;
    const atMs = (stamp?.seconds ?? 0) * 1000 + (stamp?.microseconds ?? 0) / 1000;
    const data = (message['data'] ?? {}) as Readonly<Record<string, unknown>>;
    for (const listener of [...this.#listeners]) listener({ event, data, atMs });
  }

  #take(id: unknown): Pending | undefined {
    if (typeof id !== 'number') return undefined;
    const pending = this.#pending.get(id);
    if (pending === undefined) return undefined;
    this.#pending.delete(id);
    clearTimeout(pending.timer);
    return pending;
  }

  #onClose(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#greeting.reject(berthError('machine-crashed', 'QEMU closed its monitor before it greeted'));
    for (const id of [...this.#pending.keys()]) {
      const pending = this.#take(id);
      pending?.reject(pending.error);
    }
    this.#closed.resolve();
  }
}

function parse(line: string): Readonly<Record<string, unknown>> | undefined {
  if (line.trim() === '') return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}
