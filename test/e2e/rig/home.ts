import { createHash } from 'node:crypto';
import { mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { inject } from 'vitest';

declare module 'vitest' {
  export interface ProvidedContext {
    /** A BERTH_HOME for each file that runs at a time. */
    berthHomes: readonly string[];
    /** True when the home is kept between runs (BERTH_TEST_HOME). */
    berthHomeIsKept: boolean;
  }
}

/** The repository. */
export const ROOT = resolve(import.meta.dirname, '../../..');

/** BERTH_HOME of the run, made by `setup.ts`; where files run at the same time, that of the worker in whose turn this one runs. */
export function sharedHome(): string {
  const homes = inject('berthHomes');
  const lane = homes.length === 1 ? 1 : Number(process.env['VITEST_POOL_ID']);
  const home = homes[lane - 1];
  if (home === undefined) throw new Error(`there is no home for worker ${lane}`);
  return home;
}

/** A new directory for a BERTH_HOME: a short path, since sockets lie below it, and open to be passed through. */
export function newHome(): string {
  return realpathSync(mkdtempSync(join(tmpdir(), 'berth-e2e-')));
}

/** What everything of a home on the host is named after. */
export function homeIdOf(home: string): string {
  return createHash('sha256').update(home).digest('hex').slice(0, 6);
}
