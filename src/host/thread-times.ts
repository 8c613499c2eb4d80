import { readdirSync, readFileSync } from 'node:fs';

/**
 * By thread of a process, the ms in which it ran or was ready to run and waited for a CPU, since its start; `undefined` when there is no such process.
 * From `/proc/<pid>/task/<tid>/schedstat` (proc_pid_schedstat; both figures are in ns): what it was given alone would make a busy thread
 * of a host that is short of CPU look idle.
 */
export function wantedTimesMs(pid: number): ReadonlyMap<number, number> | undefined {
  const directory = `/proc/${pid}/task`;
  const times = new Map<number, number>();
  try {
    for (const tid of readdirSync(directory)) {
      const wanted = parseSchedStat(readThread(`${directory}/${tid}/schedstat`));
      if (wanted !== undefined) times.set(Number(tid), wanted);
    }
  } catch {
    return undefined;
  }
  return times;
}

/** ms of a line `ran waited slices`; `undefined` for anything else. */
export function parseSchedStat(line: string): number | undefined {
  const [ran = NaN, waited = NaN] = line.trim().split(' ').map(Number);
  const ms = (ran + waited) / 1_000_000;
  return line.trim() === '' || Number.isNaN(ms) ? undefined : ms;
}

/** Empty for a thread that has ended since it was listed. */
function readThread(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
