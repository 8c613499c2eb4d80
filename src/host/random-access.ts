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

/** Overwrites the bytes of `path` at `offset`; the file must exist. The data are on disk when it resolves. */
export async function writeAt(path: string, offset: number, data: Uint8Array): Promise<void> {
  await using file = await open(path, 'r+');
  let written = 0;
  while (written < data.length) {
    const { bytesWritten } = await file.write(data, written, data.length - written, offset + written);
    written += bytesWritten;
  }
  await file.datasync();
}
