import { type ChildProcess, spawn } from 'node:child_process';

/** How a program ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Written to its standard input, which is closed otherwise. */
  readonly input?: string | Uint8Array;
  /** Default 240 s; then it is killed and the call fails. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 240_000;

/** Runs a program to its end, whatever its exit code; one that a signal ended has 128 and the signal's number, as in a shell. */
export async function runProgram(argv: readonly string[], options: ProgramOptions = {}): Promise<Ended> {
  const program = new StreamingProgram(argv, options);
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  const timer = setTimeout(() => program.kill('SIGKILL'), timeoutMs);
  const ended = await program.ended.finally(() => clearTimeout(timer));
  if (program.killedBy === 'SIGKILL') {
    throw new Error(`${argv.join(' ')} did not end within ${timeoutMs} ms:\n${ended.stdout}${ended.stderr}`);
  }
  return ended;
}

/** Runs a program that must succeed; gives what it printed. */
export async function output(argv: readonly string[], options: ProgramOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await runProgram(argv, options);
  if (code !== 0) throw new Error(`${argv.join(' ')} ended with ${code}:\n${stdout}${stderr}`);
  return stdout;
}

/** A program that goes on beside the test; what it has printed so far can be read at any time. */
export class StreamingProgram {
  readonly ended: Promise<Ended>;
  stdout = '';
  stderr = '';
  killedBy: NodeJS.Signals | undefined;
  readonly #child: ChildProcess;

  constructor(argv: readonly string[], options: ProgramOptions = {}) {
    const { env, cwd, input } = options;
    const [program = '', ...rest] = argv;
    const child = spawn(program, rest, {
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      ...(env === undefined ? {} : { env }),
      ...(cwd === undefined ? {} : { cwd }),
    });
    this.#child = child;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    // A program that ends before it has read everything is no failure of the test.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
    this.ended = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => {
        const number = signal === 'SIGINT' ? 2 : signal === 'SIGTERM' ? 15 : 9;
        resolve({ code: code ?? 128 + number, stdout: this.stdout, stderr: this.stderr });
      });
    });
    this.ended.catch(() => undefined);
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  kill(signal: NodeJS.Signals): void {
    this.killedBy = signal;
    this.#child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill('SIGKILL');
    await this.ended.catch(() => undefined);
  }
}
