import { open } from 'node:fs/promises';

/** Reads `length` bytes of `path` from `offset` on; fewer where the file ends before. */
export async function readAt(path: string, offset: number, length: number): Promise<Buffer> {
  await using file = await open(path, 'r');
  const buffer = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

/** A part of a file, in bytes. */
export interface FileRange {
  readonly offset: number;
  readonly length: number;
}

const ZEROS = new Uint8Array(1024 * 1024);

/** Overwrites parts of `path`, which must exist, with zeros. They are on disk only after {@link syncFile}. */
export async function writeZeros(path: string, ranges: readonly FileRange[]): Promise<void> {
  await using file = await open(path, 'r+');
  for (const { offset, length } of ranges) {
    for (let done = 0; done < length; ) {
      const { bytesWritten } = await file.write(
        ZEROS,
        0,
        Math.min(ZEROS.length, length - done),
        offset + done,
      );
      done += bytesWritten;
    }
  }
}

/** Returns when the content of `path` is on disk. */
export async function syncFile(path: string): Promise<void> {
  await using file = await open(path, 'r');
  await file.datasync();
}
