import { lstat } from 'node:fs/promises';
import { isMissing } from './system-error.ts';

/** What a path is, without following links; undefined when there is nothing. */
export async function fileKind(path: string): Promise<'file' | 'directory' | 'socket' | 'other' | undefined> {
  try {
    const found = await lstat(path);
    if (found.isSocket()) return 'socket';
    return found.isDirectory() ? 'directory' : found.isFile() ? 'file' : 'other';
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
