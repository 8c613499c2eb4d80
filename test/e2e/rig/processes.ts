import { readdirSync, readFileSync } from 'node:fs';

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

export function isRunning(pid: number): boolean {
  return argvOf(pid).length > 0;
}

/** Memory that could be had without swapping, and memory in use as shared or anonymous pages, in bytes. */
export function hostMemoryUse(): { readonly availableBytes: number; readonly anonymousBytes: number } {
  const text = readFileSync('/proc/meminfo', 'utf8');
  const field = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024;
  return { availableBytes: field('MemAvailable'), anonymousBytes: field('AnonPages') + field('Shmem') };
}
