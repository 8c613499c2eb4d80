import type { Readable, Writable } from 'node:stream';
import type { InteractiveProcess } from '../guest/index.ts';

/** A process in a container or machine with its streams, as it is handed to whoever asked for it. */
export interface TerminalProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Absent with a terminal, where everything comes by `stdout`. */
  readonly stderr?: Readable;
  resize(rows: number, columns: number): void;
  /** Exit code, 128 and the signal's number added where a shell would do so; rejects when the connection is lost. */
  readonly exit: Promise<number>;
  kill(): void;
}

/** Exit code of a process that a signal ended, where its number is not known. */
const KILLED = 137;

export function toTerminal(process: InteractiveProcess, tty: boolean): TerminalProcess {
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    ...(tty ? {} : { stderr: process.stderr }),
    resize: (rows, columns) => {
      // The window may have closed meanwhile; its size is then of no interest.
      process.resize(rows, columns).catch(() => undefined);
    },
    exit: process.ended.then(({ code }) => code ?? KILLED),
    kill: () => process.close(),
  };
}
