import type { Readable, Writable } from 'node:stream';

/** How an interactive process ended. */
export interface ProcessEnd {
  /** Absent when a signal ended it or the connection was lost. */
  readonly code?: number;
  /** Name of the signal, `SIGKILL` for example. */
  readonly signal?: string;
}

/** A program in the guest or in a container, with its streams. */
export interface InteractiveProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Empty when the program has a terminal: everything comes by `stdout` then. */
  readonly stderr: Readable;
  /** Tells the terminal's new size. Does nothing without a terminal. */
  resize(rows: number, cols: number): Promise<void>;
  /** Resolves when it has ended; rejects with `guest-unreachable` when the connection was lost before. */
  readonly ended: Promise<ProcessEnd>;
  /** Ends it and closes its streams. May be called twice. */
  close(): void;
}

/** Size of a terminal, in characters. */
export interface TerminalSize {
  readonly rows: number;
  readonly cols: number;
}
