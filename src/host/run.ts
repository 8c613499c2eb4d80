import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants as osConstants, setPriority } from 'node:os';
import { formatDuration } from '../base/index.ts';
import { asBerthError, type BerthError, berthError } from '../errors/index.ts';
import { commandEnvironment } from './command-environment.ts';
import { CommandOutput, lastLines } from './command-output.ts';
import { systemCode } from './system-error.ts';

const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_MAX_OUTPUT_BYTES = 16 * 1024 * 1024;
/** How long output may still come after the program's end: a process it left behind can hold the pipe for ever. */
const OUTPUT_GRACE_MS = 2_000;
const ERROR_LINES = 8;

export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  /** Exit code: 0 or one of `okExitCodes`. */
  readonly exitCode: number;
}

export interface RunOptions {
  /** Deadline in ms, default 30 000; past it the program and all of its process group are killed. */
  timeoutMs?: number;
  /** Aborting kills the process group; `run` then throws `cancelled`. */
  signal?: AbortSignal;
  /** Written to standard input, which is then closed; without it standard input is `/dev/null`. */
  input?: string | Uint8Array;
  cwd?: string;
  /** Added to the environment of this process. */
  env?: Record<string, string>;
  /** How much of each stream is kept, default 16 MiB. More on stdout is an error, unless `onLine` reads along. */
  maxOutputBytes?: number;
  /** Called with each line as it comes; then only the newest output is kept. */
  onLine?: (line: string, stream: 'stdout' | 'stderr') => void;
  /** Exit codes besides 0 that are no error. */
  okExitCodes?: readonly number[];
  /** Takes the processor only when nobody else wants it; for work that no one waits for. */
  background?: boolean;
}

/**
 * Runs a program to its end, without a shell.
 * Throws `tool-missing` when it is not installed, `timeout` at the deadline, `cancelled` when aborted and
 * `command-failed`, with the last lines of its stderr, for any other end.
 */
export async function run(argv: readonly string[], o: RunOptions = {}): Promise<CommandResult> {
  if (o.signal?.aborted) throw asBerthError(o.signal.reason);
  const command = new RunningCommand(argv, o);
  return command.result();
}

class RunningCommand {
  readonly #program: string;
  readonly #options: RunOptions;
  readonly #child: ChildProcess;
  readonly #stdout: CommandOutput;
  readonly #stderr: CommandOutput;
  #killedFor: BerthError | undefined;

  constructor(argv: readonly string[], o: RunOptions) {
    const [program, ...rest] = argv;
    if (program === undefined) throw berthError('internal', 'run() needs a program to start');
    this.#program = program;
    this.#options = o;
    const { onLine, maxOutputBytes = DEFAULT_MAX_OUTPUT_BYTES } = o;
    const reader = (stream: 'stdout' | 'stderr') => (line: string) => onLine?.(line, stream);
    this.#stdout = new CommandOutput(maxOutputBytes, onLine && reader('stdout'));
    this.#stderr = new CommandOutput(maxOutputBytes, onLine && reader('stderr'));
    // Its own process group, so that the deadline reaches what it started as well.
    this.#child = spawn(program, rest, {
      detached: true,
      stdio: [o.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      env: commandEnvironment(o.env),
      ...(o.cwd === undefined ? {} : { cwd: o.cwd }),
    });
    if (o.background === true) giveWay(this.#child.pid);
  }

  async result(): Promise<CommandResult> {
    const timeoutMs = this.#options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const timer = setTimeout(() => {
      this.#kill(
        berthError(
          'timeout',
          `${this.#program} did not end within ${formatDuration(timeoutMs)}${this.#complaint()}`,
        ),
      );
    }, timeoutMs);
    const onAbort = (): void => this.#kill(asBerthError(this.#options.signal?.reason));
    this.#options.signal?.addEventListener('abort', onAbort);
    try {
      this.#connect();
      const end = await this.#ended();
      return this.#judge(end);
    } finally {
      clearTimeout(timer);
      this.#options.signal?.removeEventListener('abort', onAbort);
    }
  }

  #connect(): void {
    const { stdin, stdout, stderr } = this.#child;
    stdout?.on('data', (chunk: Buffer) => {
      this.#stdout.push(chunk);
      if (this.#stdout.dropped && this.#options.onLine === undefined) {
        this.#kill(berthError('command-failed', `${this.#program} wrote more output than expected`));
      }
    });
    stderr?.on('data', (chunk: Buffer) => this.#stderr.push(chunk));
    // A program may end without reading its input; its exit code tells what matters.
    stdin?.on('error', () => undefined);
    stdin?.end(this.#options.input);
  }

  #ended(): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    const child = this.#child;
    return new Promise((resolve, reject) => {
      child.once('error', (error) => reject(this.#startError(error)));
      child.once('close', (code, signal) => resolve({ code, signal }));
      child.once('exit', () => {
        const timer = setTimeout(() => {
          child.stdout?.destroy();
          child.stderr?.destroy();
        }, OUTPUT_GRACE_MS);
        child.once('close', () => clearTimeout(timer));
      });
    });
  }

  #judge(end: { code: number | null; signal: NodeJS.Signals | null }): CommandResult {
    this.#stdout.end();
    this.#stderr.end();
    if (this.#killedFor !== undefined) throw this.#killedFor;
    const { code, signal } = end;
    if (code === null) {
      throw berthError('command-failed', `${this.#program} was ended by ${signal}${this.#complaint()}`);
    }
    if (code !== 0 && this.#options.okExitCodes?.includes(code) !== true) {
      const complaint = this.#complaint();
      const lack = lackIn(complaint) ?? 'command-failed';
      throw berthError(lack, `${this.#program} failed with exit code ${code}${complaint}`);
    }
    return { stdout: this.#stdout.text(), stderr: this.#stderr.text(), exitCode: code };
  }

  #complaint(): string {
    const lines = lastLines(this.#stderr.text(), ERROR_LINES) || lastLines(this.#stdout.text(), ERROR_LINES);
    return lines === '' ? '' : `: ${lines}`;
  }

  #startError(error: Error): BerthError {
    const { cwd } = this.#options;
    const code = systemCode(error);
    if (code === 'ENOENT' && (cwd === undefined || existsSync(cwd))) {
      return berthError('tool-missing', `${this.#program} is not installed`, { cause: error });
    }
    const lack = asBerthError(error).code;
    const known = lack === 'internal' ? 'command-failed' : lack;
    return berthError(known, `${this.#program} could not be started: ${error.message}`, {
      cause: error,
    });
  }

  #kill(reason: BerthError): void {
    this.#killedFor ??= reason;
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // The group is gone already; only its output is still to come.
    }
  }
}

/** What the host lacks, where a program says so in the system's words. */
export function lackIn(text: string): 'disk-full' | 'host-exhausted' | undefined {
  if (/No space left on device|Disk quota exceeded/i.test(text)) return 'disk-full';
  return /Too many open files|Cannot allocate memory|Resource temporarily unavailable/i.test(text)
    ? 'host-exhausted'
    : undefined;
}

function giveWay(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    setPriority(pid, osConstants.priority.PRIORITY_LOW);
  } catch {
    // It has ended already.
  }
}
