import { readFileSync } from 'node:fs';
import { hasEnded, type ProcessIdentity } from './process-identity.ts';
import { readProcessStat } from './process-stat.ts';

/** What a process is at: `stopped` by a signal or a debugger, `waiting` without end for a device, `ended`, or at work. */
export function processState({
  pid,
  startTicks,
}: ProcessIdentity): 'works' | 'stopped' | 'waiting' | 'ended' {
  const stat = readProcessStat(pid);
  if (stat === undefined || stat.startTicks !== startTicks || hasEnded(stat)) return 'ended';
  if (stat.state === 'T' || stat.state === 't') return 'stopped';
  return stat.state === 'D' ? 'waiting' : 'works';
}

/** Bytes that a process has handed to `write` since its start; undefined when it is gone or may not be looked at. */
export function writtenBytes(pid: number): number | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/io`, 'utf8');
    const bytes = Number(/^wchar: (\d+)$/m.exec(text)?.[1]);
    return Number.isFinite(bytes) ? bytes : undefined;
  } catch {
    return undefined;
  }
}
