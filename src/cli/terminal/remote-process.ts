import type { RemoteProcess, TerminalQuery } from '../../client/index.ts';
import { berthError } from '../../errors/index.ts';
import { withRawTerminal } from './raw-terminal.ts';

/** How standard input and output are joined with a process in a guest. */
export interface RemoteProcessOptions {
  /** Pass standard input on; without it the process sees its end at once. */
  readonly interactive: boolean;
  /** Give it a terminal; standard input must be one when it is passed on. */
  readonly terminal: boolean;
}

/** Runs a process in a guest with this process's streams; gives its exit code. The terminal is set back on every way out. */
export async function runRemoteProcess(
  open: (query: TerminalQuery) => Promise<RemoteProcess>,
  options: RemoteProcessOptions,
): Promise<number> {
  const { stdin } = process;
  if (options.terminal && options.interactive && stdin.isTTY !== true) {
    throw berthError('bad-request', 'Standard input is not a terminal', { remedy: 'Leave out -t.' });
  }
  const remote = await open(options.terminal ? { tty: true, ...terminalSize() } : {});
  try {
    const work = (): Promise<number> => join(remote, options);
    return options.terminal && options.interactive
      ? await withRawTerminal(stdin, process, work)
      : await work();
  } finally {
    remote.close();
    stdin.pause();
  }
}

async function join(remote: RemoteProcess, options: RemoteProcessOptions): Promise<number> {
  const stopInput = options.interactive ? passInput(remote) : closeInput(remote);
  const stopSize = options.terminal ? passSize(remote) : (): void => undefined;
  try {
    const [code] = await Promise.all([remote.exit, passOutput(remote)]);
    return code;
  } finally {
    stopInput();
    stopSize();
  }
}

function closeInput(remote: RemoteProcess): () => void {
  ignoreLoss(remote.end());
  return () => undefined;
}

function passInput(remote: RemoteProcess): () => void {
  const { stdin } = process;
  const onData = (chunk: Buffer): void => {
    stdin.pause();
    remote.write(chunk).then(
      () => stdin.resume(),
      () => undefined,
    );
  };
  const onEnd = (): void => ignoreLoss(remote.end());
  stdin.on('data', onData);
  stdin.once('end', onEnd);
  stdin.resume();
  return () => {
    stdin.off('data', onData);
    stdin.off('end', onEnd);
    stdin.pause();
  };
}

function passSize(remote: RemoteProcess): () => void {
  const onResize = (): void => {
    const { rows, columns } = terminalSize();
    ignoreLoss(remote.resize(rows, columns));
  };
  process.stdout.on('resize', onResize);
  return () => process.stdout.off('resize', onResize);
}

async function passOutput(remote: RemoteProcess): Promise<void> {
  for await (const { stream, data } of remote.output) {
    const target = stream === 'stdout' ? process.stdout : process.stderr;
    if (!target.write(data)) await new Promise<void>((resolve) => target.once('drain', () => resolve()));
  }
}

function terminalSize(): { rows: number; columns: number } {
  // A terminal that does not know its size says 0.
  return { rows: process.stdout.rows || 24, columns: process.stdout.columns || 80 };
}

// A lost connection is told by `exit`; a write that fails beside it says nothing more.
function ignoreLoss(work: Promise<void>): void {
  work.catch(() => undefined);
}
