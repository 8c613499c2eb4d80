import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { onHost } from '../../../e2e/rig/leftovers.ts';
import { statusOf } from '../../../e2e/rig/processes.ts';
import type { Subject } from '../subject.ts';

/** What a daemon and its home take when nothing is there but templates. */
export interface SoakSample {
  /** Cycles that had ended. */
  readonly cycles: number;
  readonly atMs: number;
  /** File descriptors of the daemon. */
  readonly descriptors: number;
  readonly threads: number;
  /** Resident memory of the daemon, in bytes; of it that which is its own. */
  readonly rssBytes: number;
  readonly ownBytes: number;
  /** Files and directories below the home. */
  readonly files: number;
  readonly namespaces: number;
  readonly cgroups: number;
  /** Processes of the home beside the daemon. */
  readonly processes: number;
  /** Rows of the store but for those below. */
  readonly rows: number;
  /** Operations and events, of which the newest 500 and 1000 are kept. */
  readonly history: number;
}

/** Collections that are kept short by themselves. */
const HISTORY: ReadonlySet<string> = new Set(['operations', 'events']);

/** Looks at the daemon from outside. */
export async function measure(subject: Subject, cycles: number, startedAtMs: number): Promise<SoakSample> {
  const { home } = subject;
  const pid = (await subject.daemonPid()) ?? -1;
  const status = statusOf(pid);
  const host = await onHost(home);
  const counts = rowsIn(join(home, 'berth.db'));
  const sum = (isHistory: boolean) =>
    counts.filter(({ name }) => HISTORY.has(name) === isHistory).reduce((total, { rows }) => total + rows, 0);
  return {
    ...{ cycles, atMs: Math.round(performance.now() - startedAtMs) },
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    threads: Number(status.get('Threads')),
    rssBytes: kilobytes(status.get('VmRSS')),
    ownBytes: kilobytes(status.get('RssAnon')),
    files: filesBelow(home),
    namespaces: host.namespaces.length,
    cgroups: host.cgroups.length,
    processes: host.machines.length + host.otherProcesses.length,
    rows: sum(false),
    history: sum(true),
  };
}

function kilobytes(text: string | undefined): number {
  return Number.parseInt(text ?? '0', 10) * 1024;
}

function filesBelow(directory: string): number {
  // The log of SQLite comes and goes.
  return readdirSync(directory, { recursive: true }).filter((name) => !String(name).includes('berth.db'))
    .length;
}

function rowsIn(path: string): { readonly name: string; readonly rows: number }[] {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const found = database.prepare(
      'SELECT collection AS name, count(*) AS rows FROM documents GROUP BY collection',
    );
    return found.all().map(({ name, rows }) => ({ name: String(name), rows: Number(rows) }));
  } finally {
    database.close();
  }
}
