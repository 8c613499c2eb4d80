import { type Duplex, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { deadlineSignal, formatDuration } from '../base/index.ts';
import { BerthError, berthError } from '../errors/index.ts';
import { ChannelStream } from './channel-stream.ts';
import type { CommandOutcome } from './command-outcome.ts';
import type { ExecOptions, FileContent, GuestShell, PutFileOptions } from './guest-shell.ts';
import type { InteractiveProcess, TerminalSize } from './interactive-process.ts';
import { OutputTail } from './output-tail.ts';
import type { SshTarget } from './ssh-client.ts';
import { abortable, SshConnection } from './ssh-connection.ts';
import { startProcess } from './ssh-process.ts';
import { SshProgram } from './ssh-program.ts';
import type { WaitOptions } from './wait-options.ts';

/** Where the container engine of a guest listens. */
export const ENGINE_SOCKET = '/run/podman/podman.sock';

const CHANNEL_TIMEOUT_MS = 30_000;
const DEFAULT_MAX_OUTPUT_BYTES = 4 * 1024 * 1024;
const SHOWN_LINES = 5;
/** $1 path, $2 mode, $3 size. The rename makes the file whole or absent. */
const PUT_FILE = [
  'set -e',
  'mkdir -p "${1%/*}/"',
  'umask 077',
  `part="$1.part"; trap 'rm -f "$part"' EXIT`,
  'cat >"$part"',
  'size=$(stat -c %s "$part")',
  '[ "$size" = "$3" ] || { echo "$3 bytes were announced, $size came" >&2; exit 1; }',
  'chmod "$2" "$part"; mv -f "$part" "$1"',
].join('\n');

/** Makes a {@link GuestShell} over SSH. Nothing is connected before the first use. */
export function connectGuestShell(target: SshTarget): GuestShell {
  return new SshGuestShell(new SshConnection(target));
}

class SshGuestShell implements GuestShell {
  readonly #connection: SshConnection;

  constructor(connection: SshConnection) {
    this.#connection = connection;
  }

  async exec(argv: readonly string[], o: ExecOptions): Promise<CommandOutcome> {
    const input = o.input === undefined ? undefined : Readable.from([Buffer.from(o.input)]);
    return this.#run(argv, o, input, argv[0] ?? '');
  }

  openProcess(
    argv: readonly string[],
    o: WaitOptions & { readonly tty?: TerminalSize },
  ): Promise<InteractiveProcess> {
    return this.#within('start', o, (signal) => startProcess(this.#connection, argv, o.tty, signal));
  }

  async putFile(path: string, content: FileContent, o: PutFileOptions): Promise<void> {
    const { stream, sizeBytes } = sourceOf(content);
    const mode = (o.mode ?? 0o644).toString(8);
    await this.#run(['sh', '-c', PUT_FILE, 'sh', path, mode, String(sizeBytes)], o, stream, `write ${path}`);
    // A source that cannot be read is not the guest's failure, and it looks like a short one there.
    if (stream.errored !== null) throw stream.errored;
  }

  engineSocket(o: Partial<WaitOptions> & { readonly path?: string } = {}): Promise<Duplex> {
    const path = o.path ?? ENGINE_SOCKET;
    const wait = { ...o, timeoutMs: o.timeoutMs ?? CHANNEL_TIMEOUT_MS };
    return this.#within('connect to the engine', wait, (signal) =>
      this.#connection.openChannel(signal, {
        open: (client, done) => client.openssh_forwardOutStreamLocal(path, done),
        adopt: (channel) => new ChannelStream(channel),
        discard: (stream) => stream.destroy(),
      }),
    );
  }

  close(): void {
    this.#connection.close();
  }

  #run(
    argv: readonly string[],
    o: ExecOptions,
    input: Readable | undefined,
    title: string,
  ): Promise<CommandOutcome> {
    return this.#within(title, o, async (signal) => {
      const outcome = await runProgram(this.#connection, argv, o, input, signal);
      const ok = o.okExitCodes ?? [0];
      if (ok === 'any' || ok.includes(outcome.code)) return outcome;
      const message = `"${title}" in the guest ended with exit code ${outcome.code}${lastLines(outcome)}`;
      throw berthError('guest-command-failed', message);
    });
  }

  async #within<T>(title: string, o: WaitOptions, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { closed } = this.#connection;
    const signal = deadlineSignal(
      o.timeoutMs,
      o.signal === undefined ? closed : AbortSignal.any([closed, o.signal]),
    );
    try {
      signal.throwIfAborted();
      return await work(signal);
    } catch (error) {
      if (o.signal?.aborted === true) throw o.signal.reason;
      if (error instanceof BerthError || !signal.aborted) throw error;
      const message = `"${title}" in the guest took longer than ${formatDuration(o.timeoutMs)}`;
      throw berthError('timeout', message, { cause: error });
    }
  }
}

async function runProgram(
  connection: SshConnection,
  argv: readonly string[],
  o: ExecOptions,
  input: Readable | undefined,
  signal: AbortSignal,
): Promise<CommandOutcome> {
  const tail = (stream: 'stdout' | 'stderr') => {
    const { onLine } = o;
    const limit = o.maxOutputBytes ?? DEFAULT_MAX_OUTPUT_BYTES;
    return new OutputTail(limit, onLine === undefined ? undefined : (line) => onLine(line, stream));
  };
  const stdout = tail('stdout');
  const stderr = tail('stderr');
  const output = {
    onStdout: (chunk: Buffer) => stdout.push(chunk),
    onStderr: (chunk: Buffer) => stderr.push(chunk),
  };
  const program = await SshProgram.start(connection, argv, output, signal);
  // The program may end without reading all of its input; what counts is how it ended. An input that fails must not look complete.
  if (input === undefined) program.channel.end();
  else pipeline(input, program.channel).catch(() => program.kill());
  try {
    const end = await abortable(program.ended, signal);
    const truncated = stdout.truncated || stderr.truncated;
    return {
      code: end.code ?? signalCode(end.signal),
      stdout: stdout.end(),
      stderr: stderr.end(),
      truncated,
    };
  } catch (error) {
    program.kill();
    throw error;
  } finally {
    input?.destroy();
  }
}

/** As shells report a signal. */
function signalCode(name: string | undefined): number {
  return name === 'SIGKILL' ? 137 : 143;
}

function lastLines(outcome: CommandOutcome): string {
  const said = (outcome.stderr.trim() === '' ? outcome.stdout : outcome.stderr).trim();
  return said === '' ? '' : `: ${said.split('\n').slice(-SHOWN_LINES).join('\n').slice(-2_000)}`;
}

function sourceOf(content: FileContent): { stream: Readable; sizeBytes: number } {
  if (typeof content === 'object' && 'stream' in content) return content;
  const bytes = Buffer.from(content);
  return { stream: Readable.from([bytes]), sizeBytes: bytes.length };
}
