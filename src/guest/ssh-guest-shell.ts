import { type Duplex, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Client, ClientChannel } from 'ssh2';
import { deadlineSignal, formatDuration } from '../base/index.ts';
import { berthError } from '../errors/index.ts';
import type { CommandOutcome } from './command-outcome.ts';
import type { ExecOptions, FileContent, GuestShell, PutFileOptions } from './guest-shell.ts';
import type { InteractiveProcess, TerminalSize } from './interactive-process.ts';
import { OutputTail } from './output-tail.ts';
import { quoteForShell } from './posix-quote.ts';
import { ChannelStream } from './channel-stream.ts';
import { channelProcess, endOf } from './ssh-process.ts';
import { connectSsh, type SshTarget } from './ssh-client.ts';
import type { WaitOptions } from './wait-options.ts';

/** Where the container engine of a guest listens. */
export const ENGINE_SOCKET = '/run/podman/podman.sock';

const CONNECT_TIMEOUT_MS = 30_000;
const DEFAULT_MAX_OUTPUT_BYTES = 4 * 1024 * 1024;
const SHOWN_LINES = 5;
/** $1 path, $2 mode, $3 size. The rename makes it whole or absent; a lost connection leaves a part that the next attempt replaces. */
const PUT_FILE =
  'set -e; umask 077; mkdir -p -m 755 "${1%/*}/"; cat >"$1.part"; [ "$(stat -c %s "$1.part")" = "$3" ]; chmod "$2" "$1.part"; mv -f "$1.part" "$1"';

type OpenChannel = (client: Client, done: (error: Error | undefined, channel: ClientChannel) => void) => void;

/** Makes a {@link GuestShell} over SSH. Nothing is connected before the first use. */
export function connectGuestShell(target: SshTarget): GuestShell {
  return new SshGuestShell(target);
}

class SshGuestShell implements GuestShell {
  readonly #target: SshTarget;
  readonly #closing = new AbortController();
  #client: Promise<Client> | undefined;

  constructor(target: SshTarget) {
    this.#target = target;
  }

  async exec(argv: readonly string[], o: ExecOptions): Promise<CommandOutcome> {
    const input = o.input === undefined ? undefined : Readable.from([Buffer.from(o.input)]);
    return this.#run(argv, o, input);
  }

  openProcess(
    argv: readonly string[],
    o: WaitOptions & { readonly tty?: TerminalSize },
  ): Promise<InteractiveProcess> {
    const command = argv.length === 0 ? undefined : quoteForShell(argv);
    return this.#within('start', o, async (signal) => {
      const pty = o.tty === undefined ? undefined : { ...o.tty, term: 'xterm-256color' };
      const channel = await this.#channel(signal, (client, done) => {
        if (command === undefined) client.shell(pty ?? false, done);
        else client.exec(command, pty === undefined ? {} : { pty }, done);
      });
      return channelProcess(channel, pty !== undefined);
    });
  }

  async putFile(path: string, content: FileContent, o: PutFileOptions): Promise<void> {
    const { stream, sizeBytes } = sourceOf(content);
    const mode = (o.mode ?? 0o644).toString(8);
    await this.#run(
      ['sh', '-c', PUT_FILE, 'sh', path, mode, String(sizeBytes)],
      { ...o, maxOutputBytes: 4096 },
      stream,
      `write ${path}`,
    );
  }

  engineSocket(o: Partial<WaitOptions> & { readonly path?: string } = {}): Promise<Duplex> {
    const wait = { ...o, timeoutMs: o.timeoutMs ?? CONNECT_TIMEOUT_MS };
    return this.#within('connect to the engine', wait, async (signal) => {
      const channel = await this.#channel(signal, (client, done) =>
        client.openssh_forwardOutStreamLocal(o.path ?? ENGINE_SOCKET, done),
      );
      return new ChannelStream(channel);
    });
  }

  close(): void {
    this.#closing.abort(berthError('guest-unreachable', 'the connection to the guest was closed'));
    void this.#client?.then(
      (client) => client.destroy(),
      () => undefined,
    );
    this.#client = undefined;
  }

  #run(
    argv: readonly string[],
    o: ExecOptions,
    input: Readable | undefined,
    title = argv[0] ?? '',
  ): Promise<CommandOutcome> {
    const command = quoteForShell(argv);
    return this.#within(title, o, async (signal) => {
      const channel = await this.#channel(signal, (client, done) => client.exec(command, done));
      const outcome = await follow(channel, o, input, signal);
      const ok = o.okExitCodes ?? [0];
      if (ok === 'any' || ok.includes(outcome.code)) return outcome;
      throw berthError(
        'guest-command-failed',
        `"${title}" in the guest ended with exit code ${outcome.code}${lastLines(outcome)}`,
      );
    });
  }

  /** Opens a channel; when the connection turns out to be dead, once more over a new one. */
  async #channel(signal: AbortSignal, open: OpenChannel): Promise<ClientChannel> {
    const known = this.#client;
    const client = await this.#connected(signal);
    try {
      return await openOn(client, signal, open);
    } catch (error) {
      const isStale = known !== undefined && this.#client !== known && !signal.aborted;
      if (isStale) return openOn(await this.#connected(signal), signal, open);
      throw error;
    }
  }

  async #connected(signal: AbortSignal): Promise<Client> {
    this.#closing.signal.throwIfAborted();
    this.#client ??= this.#connect();
    return abortable(this.#client, signal);
  }

  #connect(): Promise<Client> {
    // Not the caller's signal: others may wait for the same connection.
    const connecting = connectSsh(this.#target, {
      timeoutMs: CONNECT_TIMEOUT_MS,
      signal: this.#closing.signal,
    });
    const forget = () => {
      if (this.#client === connecting) this.#client = undefined;
    };
    connecting.then((client) => client.on('close', forget), forget);
    return connecting;
  }

  async #within<T>(title: string, o: WaitOptions, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const signal = deadlineSignal(
      o.timeoutMs,
      o.signal === undefined ? this.#closing.signal : AbortSignal.any([this.#closing.signal, o.signal]),
    );
    try {
      signal.throwIfAborted();
      return await work(signal);
    } catch (error) {
      if (o.signal?.aborted === true) throw o.signal.reason;
      if (this.#closing.signal.aborted || !signal.aborted) throw error;
      throw berthError('timeout', `"${title}" in the guest took longer than ${formatDuration(o.timeoutMs)}`, {
        cause: error,
      });
    }
  }
}

function openOn(client: Client, signal: AbortSignal, open: OpenChannel): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => {
      stop();
      reject(error);
    };
    const lost = () => fail(berthError('guest-unreachable', 'the connection to the guest was lost'));
    const onAbort = () => fail(signal.reason);
    const stop = () => {
      client.removeListener('close', lost);
      signal.removeEventListener('abort', onAbort);
    };
    client.once('close', lost);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      open(client, (error, channel) => {
        if (error !== undefined)
          fail(
            berthError('guest-unreachable', `the guest refused a channel: ${error.message}`, {
              cause: error,
            }),
          );
        else if (signal.aborted) channel.destroy();
        else {
          stop();
          resolve(channel);
        }
      });
    } catch (error) {
      // ssh2 throws at once when its connection is gone already; its "close" has been handled then.
      fail(berthError('guest-unreachable', 'the connection to the guest was lost', { cause: error }));
    }
  });
}

async function follow(
  channel: ClientChannel,
  o: ExecOptions,
  input: Readable | undefined,
  signal: AbortSignal,
): Promise<CommandOutcome> {
  const limit = o.maxOutputBytes ?? DEFAULT_MAX_OUTPUT_BYTES;
  const stdout = new OutputTail(
    limit,
    o.onLine === undefined ? undefined : (line) => o.onLine?.(line, 'stdout'),
  );
  const stderr = new OutputTail(
    limit,
    o.onLine === undefined ? undefined : (line) => o.onLine?.(line, 'stderr'),
  );
  channel.on('data', (chunk: Buffer) => stdout.push(chunk));
  channel.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  const end = endOf(channel);
  // The program may end without reading all of its input; what counts is how it ended. An input that fails must not look complete.
  if (input === undefined) channel.end();
  else pipeline(input, channel).catch(() => kill(channel));
  try {
    const { code, signal: name } = await abortable(end, signal);
    return {
      code: code ?? signalCode(name),
      stdout: stdout.end(),
      stderr: stderr.end(),
      truncated: stdout.truncated || stderr.truncated,
    };
  } catch (error) {
    kill(channel);
    throw error;
  } finally {
    input?.destroy();
  }
}

function kill(channel: ClientChannel): void {
  try {
    channel.signal('KILL');
    channel.close();
  } catch {
    // The connection is gone, and the channel with it.
  }
}

function signalCode(name: string | undefined): number {
  return name === 'SIGKILL' ? 137 : 143;
}

function lastLines(outcome: CommandOutcome): string {
  const said = outcome.stderr.trim() === '' ? outcome.stdout : outcome.stderr;
  const lines = said.trim().split('\n').slice(-SHOWN_LINES);
  return said.trim() === '' ? '' : `: ${lines.join('\n').slice(-2_000)}`;
}

function sourceOf(content: FileContent): { stream: Readable; sizeBytes: number } {
  if (typeof content === 'object' && 'stream' in content) return content;
  const bytes = Buffer.from(content);
  return { stream: Readable.from([bytes]), sizeBytes: bytes.length };
}

function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
