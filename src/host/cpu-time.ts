import { readProcessStat } from './process-stat.ts';

/** `USER_HZ`: the unit of the tick fields in `/proc` on every architecture Linux has had for decades (time(7)). */
const TICKS_PER_SECOND = 100;

/** CPU time that a process has used since its start, in ms; `undefined` when there is no such process. */
export function cpuTimeMs(pid: number): number | undefined {
  const stat = readProcessStat(pid);
  if (stat === undefined) return undefined;
  return ((stat.userTicks + stat.systemTicks) * 1000) / TICKS_PER_SECOND;
}
