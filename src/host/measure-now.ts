import { readdirSync, readFileSync, statfsSync } from 'node:fs';

/** Memory of a process as the kernel counts it anyway: cheap, unlike `smaps_rollup`, which walks all its pages. */
export interface ProcessMemoryNow {
  /** Its own: anonymous pages, among them those that it has copied from a file by writing, and shared memory. */
  readonly ownBytes: number;
  /** Pages of files that it maps. */
  readonly fileBytes: number;
}

/** Parses the text of `/proc/<pid>/status`. */
export function parseProcessMemory(text: string): ProcessMemoryNow {
  return { ownBytes: field(text, 'RssAnon') + field(text, 'RssShmem'), fileBytes: field(text, 'RssFile') };
}

/** Memory of a process at this moment; undefined when it has ended. */
export function processMemoryNow(pid: number): ProcessMemoryNow | undefined {
  try {
    return parseProcessMemory(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return undefined;
  }
}

/** The host's memory at this moment, read in one go so that nothing else happens meanwhile. */
export function hostMemoryNow(): { readonly totalBytes: number; readonly availableBytes: number } {
  const text = readFileSync('/proc/meminfo', 'utf8');
  return { totalBytes: field(text, 'MemTotal'), availableBytes: field(text, 'MemAvailable') };
}

/** Size and free space of the file system of a path that is there. */
export function diskSpaceNow(path: string): { readonly totalBytes: number; readonly freeBytes: number } {
  const { blocks, bavail, bsize } = statfsSync(path);
  return { totalBytes: blocks * bsize, freeBytes: bavail * bsize };
}

/** File descriptors of this process: how many it may open, and how many are. Undefined where the kernel sets no limit. */
export function fileDescriptorsNow(): { readonly total: number; readonly used: number } | undefined {
  const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  return limit === undefined
    ? undefined
    : { total: Number(limit), used: readdirSync('/proc/self/fd').length };
}

function field(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024;
}
