import { KeyedMutex } from '../base/index.ts';
import { fileIdentity, sha256File } from '../host/index.ts';

/** What is written down of a file that is not to change any more. */
export interface Seal {
  /** As it was left: place, size and time of its last change. It says nothing after the file was copied. */
  readonly identity: string;
  /** sha256 (hex) of its content; absent until it has been computed, which nobody waits for. */
  readonly hash?: string;
}

/**
 * - `right`: it is what was written down
 * - `missing`, `changed`: it is not
 * - `unknown`: it may have been written to, and no hash tells
 */
export type Verdict = 'right' | 'missing' | 'changed' | 'unknown';

interface Wait {
  readonly signal: AbortSignal;
  /** Takes the processor only when nobody else wants it. */
  readonly background?: boolean;
  /** Read it again, whatever is known of it. */
  readonly anew?: boolean;
}

/**
 * Knows of which files the content has been found right in this life of the daemon: read once, and again when they were written to since. QEMU itself
 * verifies nothing of what it loads.
 */
export class FileTrust {
  readonly #known = new Map<string, string>();
  readonly #reading = new KeyedMutex();

  /** Takes a file as it is now for right: it has just been written. */
  async note(path: string): Promise<Seal> {
    const identity = (await fileIdentity(path)) ?? '';
    this.#known.set(path, identity);
    return { identity };
  }

  /** Adds the hash to the seal of a file; undefined when it was written to meanwhile. */
  async hash(path: string, seal: Seal, o: Wait): Promise<Seal | undefined> {
    const hash = await sha256File(path, o);
    return (await fileIdentity(path)) === seal.identity ? { ...seal, hash } : undefined;
  }

  /** Compares a file with what is written down of it. Whoever asks meanwhile waits for the same look. */
  async compare(path: string, seal: Partial<Seal>, o: Wait): Promise<Verdict> {
    return this.#reading.run(path, async () => {
      const identity = await fileIdentity(path);
      if (identity === undefined) return 'missing';
      if (o.anew !== true && this.#known.get(path) === identity) return 'right';
      this.#known.delete(path);
      if (seal.hash === undefined)
        return identity === seal.identity ? this.#found(path, identity) : 'unknown';
      if ((await sha256File(path, o)) !== seal.hash) return 'changed';
      return this.#found(path, identity);
    });
  }

  /** A file of this path is another one from now on, or none. */
  forget(path: string): void {
    this.#known.delete(path);
  }

  #found(path: string, identity: string): Verdict {
    this.#known.set(path, identity);
    return 'right';
  }
}
