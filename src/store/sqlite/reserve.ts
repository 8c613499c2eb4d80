import { asBerthError } from '../../errors/index.ts';
import { exists, removeTree, writeAtomic } from '../../host/index.ts';

/** Room for some hundred documents in the write-ahead log. */
const RESERVE_BYTES = 2 * 1024 * 1024;

/**
 * A file beside the database that is given up when the disk is full, so that things can still be stopped and removed,
 * which is how room is made.
 */
export class Reserve {
  readonly #path: string;
  #there = false;

  constructor(path: string) {
    this.#path = path;
  }

  /** Makes the file unless it is there; a disk that is too full for it is no error. */
  async keep(): Promise<void> {
    if (this.#there) return;
    this.#there = true;
    try {
      if (!(await exists(this.#path)))
        await writeAtomic(this.#path, new Uint8Array(RESERVE_BYTES), { mode: 0o600 });
    } catch (error) {
      this.#there = false;
      if (asBerthError(error).code !== 'disk-full') throw error;
    }
  }

  /** Gives the room back; false when there is none left to give. */
  async giveUp(): Promise<boolean> {
    if (!this.#there) return false;
    this.#there = false;
    await removeTree(this.#path);
    return true;
  }
}
