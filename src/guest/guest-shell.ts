import type { Duplex, Readable } from 'node:stream';
import type { CommandOutcome } from './command-outcome.ts';
import type { InteractiveProcess, TerminalSize } from './interactive-process.ts';
import type { WaitOptions } from './wait-options.ts';

/** How a command is run by {@link GuestShell.exec}. */
export interface ExecOptions extends WaitOptions {
  /** What the program reads; without it, nothing. */
  readonly input?: string | Uint8Array;
  /** Called with each line of output, without its end, as it comes. */
  readonly onLine?: (line: string, stream: 'stdout' | 'stderr') => void;
  /** Exit codes that are no failure: `[0]` by default. `'any'`: no code is. */
  readonly okExitCodes?: readonly number[] | 'any';
  /** Bytes kept of each stream, its end: 4 MiB by default. */
  readonly maxOutputBytes?: number;
}

/** What {@link GuestShell.putFile} writes. A stream says how long it is, so that half of it is never taken for the whole. */
export type FileContent = string | Uint8Array | { readonly stream: Readable; readonly sizeBytes: number };

/** How a file is written. */
export interface PutFileOptions extends WaitOptions {
  /** Permissions, 0o644 by default. */
  readonly mode?: number;
}

/**
 * Commands, files and streams in a guest, over one SSH connection. It is opened with the first use, shared by everything, and
 * opened again after it was lost. Arguments reach the program as they are: nothing in them has a meaning to a shell.
 *
 * Failures: `guest-unreachable` when the guest cannot be reached or the connection is lost, `timeout` when the work
 * takes longer than its deadline, the signal's reason when it aborts.
 */
export interface GuestShell {
  /** Runs a program and waits for its end. Also fails with `guest-command-failed`, naming the last lines it said. */
  exec(argv: readonly string[], o: ExecOptions): Promise<CommandOutcome>;
  /** Starts a program to talk to. With `tty` it has a terminal. Without `argv`: the guest's login shell. The deadline covers the start only. */
  openProcess(
    argv: readonly string[],
    o: WaitOptions & { readonly tty?: TerminalSize },
  ): Promise<InteractiveProcess>;
  /** Writes a file and its missing directories; the file is there whole or not at all. Also fails with `guest-command-failed`. */
  putFile(path: string, content: FileContent, o: PutFileOptions): Promise<void>;
  /** A stream to the container engine's socket, or to another unix socket of the guest. */
  engineSocket(o?: Partial<WaitOptions> & { readonly path?: string }): Promise<Duplex>;
  /** Closes the connection; what is under way fails. May be called twice; the next use fails. */
  close(): void;
}
