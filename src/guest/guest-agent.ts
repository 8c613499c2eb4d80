import { randomInt } from 'node:crypto';
import type { Socket } from 'node:net';
import { deadlineSignal, formatDuration, Mutex, sleep } from '../base/index.ts';
import { berthError } from '../errors/index.ts';
import { connectUnix } from '../host/index.ts';
import type { CommandOutcome } from './command-outcome.ts';
import type { WaitOptions } from './wait-options.ts';

/**
 * QEMU's own guest agent: for guests without Berth's daemon, and for what only it can do (freeze file systems).
 * One command at a time; others wait. Fails with `guest-unreachable` at the deadline, `guest-command-failed` when the agent
 * reports an error, or the signal's reason.
 *
 * Protocol: QEMU `docs/interop/qemu-ga-ref`.
 */
export interface GuestAgent {
  ping(o: WaitOptions): Promise<void>;
  /** Asks the guest to power off; returns when the agent has taken the request. */
  shutdown(o: WaitOptions & { readonly mode?: 'powerdown' | 'reboot' | 'halt' }): Promise<void>;
  /** Freezes the guest's file systems; returns how many. Until {@link fsthaw} the agent takes few other commands. */
  fsfreeze(o: WaitOptions): Promise<number>;
  /** Thaws them; returns how many. May be called when nothing is frozen. */
  fsthaw(o: WaitOptions): Promise<number>;
  /** Sets the guest's clock to the host's. */
  setTime(o: WaitOptions): Promise<void>;
  /** Runs a program without a shell and waits for its end. Any exit code is an outcome, not an error. */
  exec(argv: readonly string[], o: WaitOptions & { readonly input?: string }): Promise<CommandOutcome>;
  /** Closes the connection; the next command opens it again. */
  close(): void;
}

/** An answer may carry captured output in base64. */
const MAX_ANSWER_BYTES = 24 * 1024 * 1024;
const EXEC_POLL_MS = 20;
const DELIMITER = 0xff;

/** Opens the agent's line on the unix socket of its virtio-serial port. Connects with the first command. */
export function connectGuestAgent(socketPath: string): GuestAgent {
  const line = new AgentLine(socketPath);
  const count = async (command: string, o: WaitOptions) => {
    const answer = await line.command(command, undefined, o);
    return typeof answer === 'number' ? answer : 0;
  };
  return {
    ping: async (o) => void (await line.command('guest-ping', undefined, o)),
    shutdown: (o) => line.tell('guest-shutdown', { mode: o.mode ?? 'powerdown' }, o),
    fsfreeze: (o) => count('guest-fsfreeze-freeze', o),
    fsthaw: (o) => count('guest-fsfreeze-thaw', o),
    setTime: async (o) => void (await line.command('guest-set-time', { time: Date.now() * 1_000_000 }, o)),
    exec: (argv, o) => execute(line, argv, o),
    close: () => line.close(),
  };
}

async function execute(
  line: AgentLine,
  argv: readonly string[],
  o: WaitOptions & { readonly input?: string },
): Promise<CommandOutcome> {
  const until = performance.now() + o.timeoutMs;
  const remaining = () => ({ ...o, timeoutMs: Math.max(0, until - performance.now()) });
  const [path, ...args] = argv;
  const input = o.input === undefined ? {} : { 'input-data': Buffer.from(o.input).toString('base64') };
  const started = await line.command(
    'guest-exec',
    { path, arg: args, 'capture-output': true, ...input },
    remaining(),
  );
  const pid = fieldOf(started, 'pid');
  for (;;) {
    const status = await line.command('guest-exec-status', { pid }, remaining());
    if (fieldOf(status, 'exited') === true) return outcomeOf(status);
    await sleep(EXEC_POLL_MS, o.signal);
  }
}

function outcomeOf(status: unknown): CommandOutcome {
  const code = fieldOf(status, 'exitcode');
  const signal = fieldOf(status, 'signal');
  const text = (key: string) => {
    const value = fieldOf(status, key);
    return typeof value === 'string' ? Buffer.from(value, 'base64').toString('utf8') : '';
  };
  return {
    // As shells report a signal.
    code: typeof code === 'number' ? code : 128 + (typeof signal === 'number' ? signal : 0),
    stdout: text('out-data'),
    stderr: text('err-data'),
    truncated: fieldOf(status, 'out-truncated') === true || fieldOf(status, 'err-truncated') === true,
  };
}

function fieldOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null
    ? Object.entries(value).find(([name]) => name === key)?.[1]
    : undefined;
}

/** The agent answers in order and without ids, so each command has the line to itself, after a synchronisation. */
class AgentLine {
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
      const error = fieldOf(answer, 'error');
      if (error === undefined) return fieldOf(answer, 'return');
      const reason = fieldOf(error, 'desc');
      throw berthError(
        'guest-command-failed',
        `the guest agent refused "${name}": ${printable(typeof reason === 'string' ? reason : 'no reason given')}`,
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

  close(): void {
    this.#connection?.destroy();
    this.#connection = undefined;
  }

  async #ready(signal: AbortSignal): Promise<AgentConnection> {
    if (this.#connection?.isOpen !== true) {
      this.#connection = new AgentConnection(await connectUnix(this.#path, { timeoutMs: 60_000, signal }));
      await this.#connection.synchronise(signal);
    }
    return this.#connection;
  }

  #within<T>(name: string, o: WaitOptions, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const signal = deadlineSignal(o.timeoutMs, o.signal);
    return this.#turn.run(async () => {
      try {
        signal.throwIfAborted();
        return await work(signal);
      } catch (error) {
        if (fieldOf(error, 'code') === 'guest-command-failed') throw error;
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

  /** Makes sure that the next answer belongs to the next command: the agent echoes a number after a byte that JSON cannot have. */
  async synchronise(signal: AbortSignal): Promise<void> {
    const id = randomInt(2 ** 40);
    this.#socket.write(Buffer.from([DELIMITER]));
    this.send('guest-sync-delimited', { id });
    for (;;) {
      const line = await this.#line(signal);
      const start = line.lastIndexOf(DELIMITER);
      if (start >= 0 && fieldOf(parse(line.subarray(start + 1)), 'return') === id) return;
    }
  }

  async answer(signal: AbortSignal): Promise<unknown> {
    return parse(await this.#line(signal));
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

function parse(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString('utf8'));
  } catch {
    return undefined;
  }
}

function printable(text: string): string {
  return text
    .slice(0, 500)
    .replaceAll(/[^\x20-\x7e]+/g, ' ')
    .trim();
}
