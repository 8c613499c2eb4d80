import { readFile } from 'node:fs/promises';

/** Memory of one process, from `/proc/<pid>/smaps_rollup`. */
export interface MemoryUse {
  readonly rssBytes: number;
  /** Private pages plus its part of each shared page. */
  readonly pssBytes: number;
  /** Written by this process alone: what its end would give back. */
  readonly privateBytes: number;
  /** Pages of files and those that others map too; a file's page that only this process maps now is still the file's. */
  readonly sharedBytes: number;
  readonly swapBytes: number;
}

/** Sum of `key: N kB` lines of a `/proc` file, in bytes; keys that are missing count 0. */
function kibibytes(text: string, ...keys: string[]): number {
  let sum = 0;
  for (const line of text.split('\n')) {
    const match = /^(\w+):\s+(\d+) kB/.exec(line);
    if (match?.[1] !== undefined && keys.includes(match[1])) sum += Number(match[2]) * 1024;
  }
  return sum;
}

/** Parses the text of a `smaps_rollup` file. */
export function parseMemoryUse(text: string): MemoryUse {
  return {
    rssBytes: kibibytes(text, 'Rss'),
    pssBytes: kibibytes(text, 'Pss'),
    privateBytes: kibibytes(text, 'Private_Dirty', 'Private_Hugetlb'),
    sharedBytes: kibibytes(text, 'Private_Clean', 'Shared_Clean', 'Shared_Dirty', 'Shared_Hugetlb'),
    swapBytes: kibibytes(text, 'Swap'),
  };
}

/** Memory of a process; `undefined` when it has ended or may not be read. */
export async function memoryUse(pid: number): Promise<MemoryUse | undefined> {
  try {
    const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
    return text === '' ? undefined : parseMemoryUse(text);
  } catch {
    return undefined;
  }
}

/** The host's memory: all of it, and what can be taken without swapping (`MemAvailable`). */
export async function hostMemory(): Promise<{ totalBytes: number; availableBytes: number }> {
  const text = await readFile('/proc/meminfo', 'utf8');
  return { totalBytes: kibibytes(text, 'MemTotal'), availableBytes: kibibytes(text, 'MemAvailable') };
}
