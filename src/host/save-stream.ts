import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { berthError } from '../errors/index.ts';
import { systemCode } from './system-error.ts';

/** What came of a stream. */
export interface SavedStream {
  readonly sizeBytes: number;
  /** sha256, hex. */
  readonly hash: string;
}

/** Writes a stream into a new file, durably, a block at a time. Throws `disk-full`, and what the stream throws. */
export async function saveStream(path: string, source: AsyncIterable<Uint8Array>): Promise<SavedStream> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  try {
    await using file = await open(path, 'wx', 0o600);
    for await (const chunk of source) {
      hash.update(chunk);
      sizeBytes += chunk.length;
      await file.writeFile(chunk);
    }
    await file.sync();
  } catch (error) {
    if (systemCode(error) === 'ENOSPC')
      throw berthError('disk-full', `no space left to write ${path}`, { cause: error });
    throw error;
  }
  return { sizeBytes, hash: hash.digest('hex') };
}
