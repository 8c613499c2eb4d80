import { join } from 'node:path';

/** Group that every machine's process runs as; what machines may read belongs to it. Numeric, needs no entry in /etc/group. */
export const MACHINE_GID = 210_000;

/** User of the machine in network slot `index`; each running machine of a host has one of its own. */
export function machineUid(index: number): number {
  return MACHINE_GID + index;
}

/** Where things lie below `BERTH_HOME`; documented file by file in `docs/architecture.md`. */
export interface Layout {
  readonly home: string;
  /** One directory per environment that has a machine or a disk. */
  readonly environments: string;
  /** One directory per template; complete once it holds `manifest.json`. */
  readonly templates: string;
  /** Machines that exist only until their template is frozen. */
  readonly builds: string;
  /** Volumes that outlive their environments: one directory for each environment's name. */
  readonly volumes: string;
  /** The host's own key pair for guests. */
  readonly keys: string;
}

export function layoutOf(home: string): Layout {
  return {
    home,
    environments: join(home, 'environments'),
    templates: join(home, 'templates'),
    builds: join(home, 'builds'),
    volumes: join(home, 'volumes'),
    keys: join(home, 'keys'),
  };
}
