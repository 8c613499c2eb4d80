import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';

const CHUNK_BYTES = 256 * 1024;

/** The content of a file as a stream; a file that is not there is an error of the stream. */
export function openForReading(path: string): Readable {
  return createReadStream(path, { highWaterMark: CHUNK_BYTES });
}
