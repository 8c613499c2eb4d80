import type { Client } from '../client/index.ts';
import type { Cli, ConnectOptions } from './cli.ts';
import { openConnection } from './open-connection.ts';
import { createInterrupts } from './terminal/interrupts.ts';
import { createOutput } from './terminal/output.ts';

/** The world of the running process. */
export interface ProcessCli extends Cli, Disposable {
  /** What the command set, 0 at first. */
  readonly exitCode: number;
}

/** Commands' world made of this process; disposing ends its connections. */
export function createProcessCli(): ProcessCli {
  const { env } = process;
  const out = createOutput(process.stdout, env);
  const err = createOutput(process.stderr, env);
  // `berth logs | head`: nobody reads on, so there is nothing left to do.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? 0 : 1);
  });
  let exitCode = 0;
  let connection: { readonly client: Client; close(): void } | undefined;
  return {
    env,
    cwd: process.cwd(),
    out,
    err,
    interrupts: createInterrupts(process),
    async connect(options: ConnectOptions = {}) {
      if (connection === undefined) {
        const onStart = (): void => err.line(err.style.dim('starting the daemon'));
        connection = await openConnection({ env, autostart: options.autostart !== false, onStart });
      }
      return connection.client;
    },
    setExitCode(code: number) {
      exitCode = code;
    },
    get exitCode() {
      return exitCode;
    },
    [Symbol.dispose]() {
      connection?.close();
    },
  };
}
