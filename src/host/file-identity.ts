import { stat } from 'node:fs/promises';
import { isMissing } from './system-error.ts';

/**
 * What tells a file from one that was written to since, without reading it: its place, its size and when its content was changed last. Undefined when it is
 * not there. Neither its owner nor its names count.
 */
export async function fileIdentity(path: string): Promise<string | undefined> {
  try {
    const { dev, ino, size, mtimeNs } = await stat(path, { bigint: true });
    return `${dev}:${ino}:${size}:${mtimeNs}`;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
