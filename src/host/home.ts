import { resolve } from 'node:path';

const DEFAULT_HOME = '/var/lib/berth';
const DEFAULT_RUN = '/run/berth';

/** The two directories everything of one installation is in. */
export interface HomeDirectories {
  /** Data that survives a reboot. */
  readonly home: string;
  /** Sockets and what ends with the host's run. */
  readonly run: string;
}

/** `BERTH_HOME` moves everything, sockets included; without it `/var/lib/berth` and `/run/berth`. */
export function resolveHome(env: Record<string, string | undefined>): HomeDirectories {
  const chosen = env.BERTH_HOME;
  if (chosen === undefined || chosen === '') return { home: DEFAULT_HOME, run: DEFAULT_RUN };
  const home = resolve(chosen);
  return { home, run: resolve(home, 'run') };
}

/** True when this process may do what only the administrator may. */
export function isRoot(): boolean {
  return process.geteuid?.() === 0;
}
