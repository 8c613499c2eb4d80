import { join } from 'node:path';
import { formatBytes } from '../../base/index.ts';
import { berthError } from '../../errors/index.ts';
import { diskSpace, ensureDirectory, removeTree } from '../../host/index.ts';

/** Kept free for everything else on the host's disk. */
const RESERVE_BYTES = 512 * 1024 ** 2;

/** A directory for what is being stored or fetched. */
export interface Scratch extends AsyncDisposable {
  readonly path: string;
  /** Place for one more thing. */
  directory(name: string): Promise<string>;
}

/** Where work with backups puts what it needs for a while; emptied when a daemon starts. */
export class ScratchPlace {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** @throws `disk-full` when there is no room for `bytes` */
  async make(name: string, bytes: number): Promise<Scratch> {
    await this.assertRoom(bytes);
    const path = join(this.#directory, name);
    await ensureDirectory(this.#directory, { mode: 0o700 });
    await ensureDirectory(path, { mode: 0o700 });
    return {
      path,
      directory: async (part) => {
        await ensureDirectory(join(path, part), { mode: 0o700 });
        return join(path, part);
      },
      [Symbol.asyncDispose]: () => removeTree(path),
    };
  }

  /** @throws `disk-full` when there is no room for `bytes` more */
  async assertRoom(bytes: number): Promise<void> {
    const { freeBytes } = await diskSpace(this.#directory);
    const needed = bytes + RESERVE_BYTES;
    if (freeBytes >= needed) return;
    throw berthError(
      'disk-full',
      `${formatBytes(needed)} of disk are needed for a while below ${this.#directory}, ${formatBytes(freeBytes)} are free`,
    );
  }

  /** Removes what interrupted work left. Only to be called while none is under way. */
  clean(): Promise<void> {
    return removeTree(this.#directory);
  }
}
