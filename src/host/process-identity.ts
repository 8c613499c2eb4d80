import { readFileSync } from 'node:fs';
import { type ProcessStat, readProcessStat } from './process-stat.ts';

/** Names one process for ever: the pid alone is given to another process sooner or later. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start time in clock ticks after the host's boot: field 22 of `/proc/<pid>/stat`. */
  readonly startTicks: number;
}

/** True for a zombie and for a process that is about to vanish. */
export function hasEnded(stat: ProcessStat): boolean {
  return stat.state === 'Z' || stat.state === 'X' || stat.state === 'x';
}

/** The identity of the process that has this pid now; `undefined` when there is none. A zombie still has one. */
export function identify(pid: number): ProcessIdentity | undefined {
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  const stat = readProcessStat(pid);
  return stat === undefined ? undefined : { pid, startTicks: stat.startTicks };
}

/** True when the same process (pid and start time) is there and has not ended; a zombie has ended. */
export function isAlive(identity: ProcessIdentity): boolean {
  const stat = readProcessStat(identity.pid);
  return stat !== undefined && stat.startTicks === identity.startTicks && !hasEnded(stat);
}

/** The argument vector of a process; `undefined` when it is gone, a zombie or a kernel thread. */
export function commandLine(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return text === '' ? undefined : text.replace(/\0$/, '').split('\0');
  } catch {
    return undefined;
  }
}
