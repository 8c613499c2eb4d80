import { join } from 'node:path';
import { resolveHome } from '../../host/index.ts';

/** Where one installation keeps what the command line needs. */
export interface HomePaths {
  /** Directory of all data. */
  readonly home: string;
  /** Directory of the sockets. */
  readonly run: string;
  /** The daemon's API. */
  readonly socket: string;
  /** What the daemon writes when the command line started it. */
  readonly log: string;
}

/** Paths for this process's environment; `BERTH_HOME` moves all of them. */
export function homePaths(env: Readonly<Record<string, string | undefined>>): HomePaths {
  const { home, run } = resolveHome({ ...env });
  return { home, run, socket: join(run, 'api.sock'), log: join(home, 'daemon.log') };
}
