import { basename } from 'node:path';

/**
 * Seconds that each file of test/faults takes while another runs beside it, measured on two cores without KVM. What takes longest begins first, so that
 * all lanes end at about the same time; a file that is not here begins before all others.
 */
const SECONDS: Readonly<Record<string, number>> = {
  'crash-up.test.ts': 392,
  'soak.test.ts': 243,
  'crash-life.test.ts': 200,
  'guests.test.ts': 193,
  'crash-backup.test.ts': 165,
  'backup.test.ts': 151,
  'random-walk.test.ts': 116,
  'crash-fork.test.ts': 106,
  'snapshots.test.ts': 103,
  'saved-state.test.ts': 94,
  'bad-disk.test.ts': 84,
  'limits.test.ts': 80,
  'crash-rest.test.ts': 72,
  'crash-restores.test.ts': 65,
  'crash-snapshots.test.ts': 50,
  'reconciler.test.ts': 50,
  'replicas.test.ts': 48,
  'daemon.test.ts': 45,
  'confinement.test.ts': 31,
  'hostile-clients.test.ts': 29,
  'hypervisor.test.ts': 26,
  'confined-process.test.ts': 18,
  'store.test.ts': 9,
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
