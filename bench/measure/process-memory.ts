import { readText } from '../../src/host/index.ts';

/** Memory of one process, by `/proc/PID/smaps_rollup`, in bytes. */
export interface ProcessMemory {
  readonly rssBytes: number;
  /** Private pages, and of each shared page its part. */
  readonly pssBytes: number;
  /** Pages that this process alone has written: what its end gives back. */
  readonly privateDirtyBytes: number;
  /** Part of `pssBytes` that belongs to no file: guest memory written by the fork, and the heap of QEMU. */
  readonly pssAnonymousBytes: number;
  /** Part of `pssBytes` that are pages of files: the template's memory and QEMU's program. */
  readonly pssFileBytes: number;
}

/** Throws when the process has ended. */
export async function processMemory(pid: number): Promise<ProcessMemory> {
  const text = await readText(`/proc/${pid}/smaps_rollup`);
  if (text === undefined || text === '') throw new Error(`process ${pid} has ended`);
  return parseSmapsRollup(text);
}

export function parseSmapsRollup(text: string): ProcessMemory {
  const bytes = (key: string): number => {
    const match = new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(text);
    return Number(match?.[1] ?? 0) * 1024;
  };
  return {
    rssBytes: bytes('Rss'),
    pssBytes: bytes('Pss'),
    privateDirtyBytes: bytes('Private_Dirty'),
    pssAnonymousBytes: bytes('Pss_Anon'),
    pssFileBytes: bytes('Pss_File'),
  };
}
