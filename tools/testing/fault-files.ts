import { basename } from 'node:path';

/**
 * Seconds that each file of test/faults takes while another runs beside it, measured on two cores without KVM. What takes longest begins first, so that
 * all lanes end at about the same time; a file that is not here begins before all others.
 */
const SECONDS: Readonly<Record<string, number>> = {
  'crash-up.test.ts': 450,
  'crash-life.test.ts': 250,
  'guests.test.ts': 230,
  'crash-backup.test.ts': 220,
  'backup.test.ts': 220,
  'crash-fork.test.ts': 210,
  'snapshots.test.ts': 210,
  'random-walk.test.ts': 190,
  'crash-restores.test.ts': 170,
  'saved-state.test.ts': 160,
  'bad-disk.test.ts': 150,
  'soak.test.ts': 150,
  'crash-rest.test.ts': 130,
  'daemon.test.ts': 120,
  'limits.test.ts': 100,
  'crash-snapshots.test.ts': 75,
  'replicas.test.ts': 60,
  'confinement.test.ts': 50,
  'reconciler.test.ts': 40,
  'hypervisor.test.ts': 35,
  'confined-process.test.ts': 30,
  'store.test.ts': 25,
  'hostile-clients.test.ts': 12,
};

/** Files that measure what a busy neighbour would spoil: they run when nothing else does. */
const ALONE: ReadonlySet<string> = new Set(['many-machines.test.ts', 'neighbours.test.ts', 'time.test.ts']);

/** The file's promises are of times that hold on a host with nothing else to do. */
export function runsAlone(path: string): boolean {
  return ALONE.has(basename(path));
}

/** For sorting: what takes longest first. */
export function compareDurations(one: string, other: string): number {
  return secondsOf(other) - secondsOf(one) || one.localeCompare(other);
}

function secondsOf(path: string): number {
  return SECONDS[basename(path)] ?? Number.MAX_SAFE_INTEGER;
}
