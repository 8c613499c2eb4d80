import { KeyedMutex } from '../base/index.ts';
import { fileIdentity, sha256File } from '../host/index.ts';
import type { VerifiedFiles } from './verified-files.ts';

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
 * Knows of which files the content has been found right: read once while the host runs, and again when they were written to since. QEMU itself verifies
 * nothing of what it loads. Without `verified` it forgets with the daemon.
 */
export class FileTrust {
  /** Identities of files that were right as they were written, or read, in this life of the daemon. */
  readonly #known = new Map<string, string>();
  readonly #verified: VerifiedFiles | undefined;
  readonly #reading = new KeyedMutex();

  constructor(verified?: VerifiedFiles) {
    this.#verified = verified;
  }

  /** Takes a file as it is now for right: it has just been written. */
  async note(path: string): Promise<Seal> {
    const identity = await fileIdentity(path);
    this.#know(path, identity);
    return { identity: identity ?? '' };
  }

  /** Adds the hash to the seal of a file; undefined when it was written to meanwhile. */
  async hash(path: string, seal: Seal, o: Wait): Promise<Seal | undefined> {
    const hash = await sha256File(path, o);
    if ((await fileIdentity(path)) !== seal.identity) return undefined;
    await this.#verified?.note(path, { identity: seal.identity, hash });
    return { ...seal, hash };
  }

  /** The hash of a file that nobody writes to, which is right from then on. */
  async read(path: string, o: Wait): Promise<string> {
    const before = await fileIdentity(path);
    const hash = await sha256File(path, o);
    if (before !== undefined && (await fileIdentity(path)) === before) {
      this.#know(path, before);
      await this.#verified?.note(path, { identity: before, hash });
    }
    return hash;
  }

  /** Compares a file with what is written down of it. Whoever asks meanwhile waits for the same look. */
  async compare(path: string, seal: Partial<Seal>, o: Wait): Promise<Verdict> {
    // Nobody waits for a scrub that reads in the background what is known already.
    if (o.anew !== true && (await this.#isKnown(path, seal))) return 'right';
    return this.#reading.run(path, async () => {
      if (o.anew !== true && (await this.#isKnown(path, seal))) return 'right';
      const { is, identity } = await judge(path, seal, o);
      this.#know(path, identity);
      if (identity === undefined) await this.#verified?.forget(path);
      else if (seal.hash !== undefined) await this.#verified?.note(path, { identity, hash: seal.hash });
      return is;
    });
  }

  /** A file of this path is another one from now on, or none. */
  async forget(path: string): Promise<void> {
    this.#known.delete(path);
    await this.#verified?.forget(path);
  }

  #know(path: string, identity: string | undefined): void {
    if (identity === undefined) this.#known.delete(path);
    else this.#known.set(path, identity);
  }

  async #isKnown(path: string, { hash }: Partial<Seal>): Promise<boolean> {
    const identity = await fileIdentity(path);
    if (identity === undefined) return false;
    if (this.#known.get(path) === identity) return true;
    const verified = await this.#verified?.find(path);
    return hash !== undefined && verified?.identity === identity && verified.hash === hash;
  }
}

interface Judgement {
  readonly is: Verdict;
  /** Present where it is right. */
  readonly identity?: string;
}

async function judge(path: string, seal: Partial<Seal>, o: Wait): Promise<Judgement> {
  const identity = await fileIdentity(path);
  if (identity === undefined) return { is: 'missing' };
  if (seal.hash === undefined)
    return identity === seal.identity ? { is: 'right', identity } : { is: 'unknown' };
  return (await sha256File(path, o)) === seal.hash ? { is: 'right', identity } : { is: 'changed' };
}
