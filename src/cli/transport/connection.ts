import type { Client } from '../../client/index.ts';
import { ensureDaemon } from './autostart.ts';
import { homePaths } from './home.ts';
import { createUnixTransport } from './unix-transport.ts';

/** A client with the connections under it. */
export interface Connection {
  readonly client: Client;
  /** Ends idle connections so that the process can end. May be called twice. */
  close(): void;
}

/** How to reach a daemon. */
export interface ConnectionOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** False: fail with `daemon-not-running` instead of starting one. */
  readonly autostart: boolean;
  readonly signal?: AbortSignal;
  /** Called before a daemon is started. */
  readonly onStart?: () => void;
}

/** Connects to the daemon of this home, starting it where that is allowed. */
export async function openConnection(options: ConnectionOptions): Promise<Connection> {
  const { env, ...start } = options;
  const paths = homePaths(env);
  await ensureDaemon({ paths, ...start });
  // The contract takes a while to read in; without a daemon there is no need for it.
  const { createClient } = await import('../../client/index.ts');
  const transport = createUnixTransport(paths.socket);
  return { client: createClient(transport), close: () => transport.close() };
}
