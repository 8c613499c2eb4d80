import { existsSync, readFileSync } from 'node:fs';
import { CRASH_POINTS } from '../../src/base/index.ts';

/** Variable that names the file to which a test adds the name of each point at which it has seen the daemon die, one a line. */
export const CRASH_POINTS_HIT = 'BERTH_TEST_CRASH_POINTS';

/** Which crash points a run has hit, and which it has left out. */
export interface CrashCoverage {
  readonly hit: number;
  readonly total: number;
  readonly missed: readonly string[];
}

/** Compares the file that {@link CRASH_POINTS_HIT} names with the table. */
export function crashCoverage(file: string): CrashCoverage {
  const names = new Set(existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []);
  const known = Object.keys(CRASH_POINTS);
  const missed = known.filter((name) => !names.has(name));
  return { hit: known.length - missed.length, total: known.length, missed };
}
