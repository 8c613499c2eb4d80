import { basename } from 'node:path';

/**
 * Seconds that each file of test/faults takes while another runs beside it, measured on two cores without KVM. What takes longest begins first, so that
 * all lanes end at about the same time; a file that is not here begins before all others.
 */
const SECONDS: Readonly<Record<string, number>> = {
  'crash-life.test.ts': 300,
  'crash-up.test.ts': 300,
  'random-walk.test.ts': 300,
  'snapshots.test.ts': 250,
  'crash-fork.test.ts': 240,
  'guests.test.ts': 230,
  'backup.test.ts': 220,
  'crash-backup.test.ts': 200,
  'saved-state.test.ts': 190,
  'hypervisor.test.ts': 180,
  'crash-rest.test.ts': 170,
  'crash-snapshots.test.ts': 160,
  'crash-restores.test.ts': 150,
  'daemon.test.ts': 140,
  'reconciler.test.ts': 130,
  'limits.test.ts': 120,
  'soak.test.ts': 100,
  'hostile-clients.test.ts': 70,
  'replicas.test.ts': 60,
  'confinement.test.ts': 50,
  'store.test.ts': 25,
};

/** Files that measure what a busy neighbour would spoil: they run when nothing else does. */
const ALONE: ReadonlySet<string> = new Set(['time.test.ts', 'neighbours.test.ts']);

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
