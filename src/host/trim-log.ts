import { open } from 'node:fs/promises';
import { isMissing } from './system-error.ts';

/**
 * Keeps a log bounded while its writer goes on: when it is longer than `maxBytes` only its last `keepBytes` stay.
 * The writer must append (O_APPEND). Lines written in the moment of trimming may be lost. True when it was trimmed.
 */
export async function trimLog(
  path: string,
  o: { readonly maxBytes: number; readonly keepBytes: number },
): Promise<boolean> {
  try {
    await using file = await open(path, 'r+');
    const { size } = await file.stat();
    if (size <= o.maxBytes) return false;
    const kept = Buffer.alloc(Math.min(o.keepBytes, size));
    await file.read(kept, 0, kept.length, size - kept.length);
    await file.truncate(0);
    await file.write(kept, 0, kept.length, 0);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
