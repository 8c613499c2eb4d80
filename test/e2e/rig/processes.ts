import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A process of this host. */
export interface HostProcess {
  readonly pid: number;
  readonly argv: readonly string[];
}

/** Every process whose command line mentions the text. */
export function processesWith(text: string): HostProcess[] {
  const found: HostProcess[] = [];
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const argv = argvOf(pid);
    if (argv.some((word) => word.includes(text))) found.push({ pid, argv });
  }
  return found;
}

/** The command line of a process; empty when it is gone or a zombie. */
export function argvOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return [];
  }
}

/** Fields of `/proc/<pid>/status`. */
export function statusOf(pid: number): ReadonlyMap<string, string> {
  const lines = readFileSync(`/proc/${pid}/status`, 'utf8').trim().split('\n');
  return new Map(
    lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
  );
}

/** The processes above one, as many as asked for; none once it is gone. */
export function ancestorsOf(pid: number, count: number): number[] {
  if (count === 0) return [];
  try {
    const above = Number(statusOf(pid).get('PPid'));
    return above > 1 ? [above, ...ancestorsOf(above, count - 1)] : [];
  } catch {
    return [];
  }
}

export function isRunning(pid: number): boolean {
  return argvOf(pid).length > 0;
}

/** Memory that could be had without swapping, in bytes. */
export function availableBytes(): number {
  return kilobytesIn(readFileSync('/proc/meminfo', 'utf8'), 'MemAvailable');
}

/** Memory that processes hold for themselves alone or in common with each other, in bytes; those that `skip` names are left out. */
export function anonymousBytes(skip: (argv: readonly string[]) => boolean): number {
  let sum = 0;
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || skip(argvOf(pid))) continue;
    try {
      sum += kilobytesIn(readFileSync(`/proc/${pid}/status`, 'utf8'), 'RssAnon');
    } catch {
      // It has ended meanwhile.
    }
  }
  return sum;
}

function kilobytesIn(text: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024;
}

/** A descriptor of a process: what it leads to. */
export interface OpenFile {
  readonly target: string;
  readonly writable: boolean;
}

/** What a process has open. */
export function openFiles(pid: number): OpenFile[] {
  return readdirSync(`/proc/${pid}/fd`).map((fd) => {
    const flags = /^flags:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8'))?.[1] ?? '3';
    return { target: readlinkSync(`/proc/${pid}/fd/${fd}`), writable: (Number.parseInt(flags, 8) & 3) !== 0 };
  });
}
