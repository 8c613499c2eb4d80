import type { Client } from '../client/index.ts';
import type { Interrupts } from './terminal/interrupts.ts';
import type { Output } from './terminal/output.ts';

/** How a command reaches the daemon. */
export interface ConnectOptions {
  /** False: fail with `daemon-not-running` instead of starting a daemon; default true. */
  readonly autostart?: boolean;
}

/** What every command is given: the world outside, made replaceable for tests. */
export interface Cli {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Working directory. */
  readonly cwd: string;
  /** Results. */
  readonly out: Output;
  /** Progress, notes and errors. */
  readonly err: Output;
  readonly interrupts: Interrupts;
  /** A client with a daemon behind it; the same one on every call. Throws `daemon-not-running`, `not-root`, … */
  connect(options?: ConnectOptions): Promise<Client>;
  /** Sets what the process exits with when the command returns without an error; 0 unless called. */
  setExitCode(code: number): void;
}

/** Thrown when all that went wrong has been printed already; only the exit code is left to say. */
export class ReportedFailure extends Error {
  override readonly name = 'ReportedFailure';
  readonly exitCode: number;

  constructor(exitCode: number) {
    super(`ended with exit code ${exitCode}`);
    this.exitCode = exitCode;
  }
}
