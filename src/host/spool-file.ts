import { type FileHandle, open, rm } from 'node:fs/promises';

/** A file without a name: it is gone when it is closed, or when this process ends in whatever way. */
export interface SpoolFile {
  /** Adds at the end. */
  append(bytes: Uint8Array): Promise<void>;
  /** Bytes from `offset` on, at most `length`; fewer where the file ends. */
  read(offset: number, length: number): Promise<Buffer>;
  close(): Promise<void>;
}

/** Makes one on the file system of `path`, which is its name for a moment. */
export async function openSpoolFile(path: string): Promise<SpoolFile> {
  const file = await open(path, 'wx+', 0o600);
  await rm(path);
  return new OpenSpoolFile(file);
}

class OpenSpoolFile implements SpoolFile {
  readonly #file: FileHandle;
  #size = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async append(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, this.#size);
      done += bytesWritten;
      this.#size += bytesWritten;
    }
  }

  async read(offset: number, length: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(length);
    const { bytesRead } = await this.#file.read(buffer, 0, length, offset);
    return buffer.subarray(0, bytesRead);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}
