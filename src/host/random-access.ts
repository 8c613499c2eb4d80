import { open } from 'node:fs/promises';

/** Reads up to `length` bytes of `path` from `offset` on; fewer at the end of the file. */
export async function readAt(path: string, offset: number, length: number): Promise<Buffer> {
  await using file = await open(path, 'r');
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, offset);
  return buffer.subarray(0, bytesRead);
}

/** Overwrites the bytes of `path` at `offset`; the file must exist. The data are on disk when it resolves. */
export async function writeAt(path: string, offset: number, data: Uint8Array): Promise<void> {
  await using file = await open(path, 'r+');
  await file.write(data, 0, data.length, offset);
  await file.datasync();
}
