import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { poll } from '../../src/base/index.ts';
import { berthError } from '../../src/errors/index.ts';
import { waitAccepting } from '../../src/ingress/index.ts';

const START_TIMEOUT_MS = 20_000;

/** A server in a process of its own, which ends with the bench. */
export class Server implements AsyncDisposable {
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(port: number, child: ChildProcess) {
    this.port = port;
    this.#child = child;
  }

  /** Starts a server that accepts on `port`, or that prints its port as its first line when none is given. */
  static async start(
    argv: readonly string[],
    o: {
      readonly port?: number;
      readonly signal: AbortSignal;
      readonly env?: Readonly<Record<string, string>>;
    },
  ): Promise<Server> {
    const [program = '', ...args] = argv;
    const env = { ...process.env, ...o.env };
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], env });
    try {
      const port = o.port ?? (await firstLine(child, o.signal));
      await waitAccepting({ host: '127.0.0.1', port }, { timeoutMs: START_TIMEOUT_MS, signal: o.signal });
      return new Server(port, child);
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await ended;
  }
}

async function firstLine(child: ChildProcess, signal: AbortSignal): Promise<number> {
  if (child.stdout === null) throw berthError('internal', 'the server has no output');
  let line: string | undefined;
  createInterface({ input: child.stdout }).once('line', (text) => {
    line = text;
  });
  const text = await poll(async () => line, {
    ...{ timeoutMs: START_TIMEOUT_MS, intervalMs: 10, signal },
    what: 'the port of a server',
  });
  return Number(text);
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
