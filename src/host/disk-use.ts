import type { Stats } from 'node:fs';
import { lstat, readdir, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isMissing } from './system-error.ts';

const STAT_BLOCK_BYTES = 512;

/** Size of the file system that holds `path`, or would hold it, and what root may still write. */
export async function diskSpace(path: string): Promise<{ totalBytes: number; freeBytes: number }> {
  try {
    const { blocks, bavail, bsize } = await statfs(path);
    return { totalBytes: blocks * bsize, freeBytes: bavail * bsize };
  } catch (error) {
    if (!isMissing(error) || path === dirname(path)) throw error;
    return diskSpace(dirname(path));
  }
}

async function statIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Bytes that a file or tree occupies on disk: holes do not count, a hard-linked file counts once; 0 when it is not there. */
export async function allocatedBytes(path: string): Promise<number> {
  const seen = new Set<string>();
  let sum = 0;
  const pending = [path];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const stat = await statIfThere(next);
    if (stat === undefined) continue;
    const key = `${stat.dev}:${stat.ino}`;
    if (stat.nlink > 1 && !stat.isDirectory() && seen.has(key)) continue;
    seen.add(key);
    sum += stat.blocks * STAT_BLOCK_BYTES;
    if (stat.isDirectory()) for (const name of await readdir(next)) pending.push(join(next, name));
  }
  return sum;
}
