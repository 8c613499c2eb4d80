import { asBerthError } from '../errors/index.ts';
import { exists, readJson, writeJson } from '../host/index.ts';

/** A file as it was when its content was read and found right. */
export interface VerifiedFile {
  /** As `fileIdentity` tells it. */
  readonly identity: string;
  /** sha256 (hex) of its content. */
  readonly hash: string;
}

interface Written {
  readonly bootId: string;
  readonly files: Readonly<Record<string, VerifiedFile>>;
}

/**
 * The files whose content was found right since the host booted, written down for the next daemon: an update of Berth, or a crash of its daemon, is not to
 * cost the first fork after it seconds. It is a hint and nothing more: one that is lost, damaged or of another boot means that files are read again.
 */
export class VerifiedFiles {
  readonly #path: string;
  readonly #bootId: string;
  readonly #onError: (error: Error) => void;
  #files: Promise<Map<string, VerifiedFile>> | undefined;
  #writing: Promise<void> | undefined;
  #isWritten = true;

  /** `onError` is told once when it cannot be written down. */
  constructor(path: string, bootId: string, onError: (error: Error) => void) {
    this.#path = path;
    this.#bootId = bootId;
    this.#onError = onError;
  }

  async find(path: string): Promise<VerifiedFile | undefined> {
    return (await this.#load()).get(path);
  }

  /** Resolves when it is known; it is written down soon after. */
  async note(path: string, file: VerifiedFile): Promise<void> {
    (await this.#load()).set(path, file);
    this.#writeSoon();
  }

  /** As {@link note}, for one that is not what it was, or not there. */
  async forget(path: string): Promise<void> {
    if ((await this.#load()).delete(path)) this.#writeSoon();
  }

  /** Resolves when everything that is known is written down, or could not be. */
  async flush(): Promise<void> {
    await this.#writing;
  }

  #load(): Promise<Map<string, VerifiedFile>> {
    this.#files ??= this.#read();
    return this.#files;
  }

  async #read(): Promise<Map<string, VerifiedFile>> {
    const written = await readJson<Partial<Written>>(this.#path).catch(() => undefined);
    const isOfThisBoot = written?.bootId === this.#bootId && typeof written.files === 'object';
    return new Map(isOfThisBoot ? Object.entries(written.files ?? {}) : []);
  }

  #writeSoon(): void {
    this.#isWritten = false;
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
  }

  async #writeAll(): Promise<void> {
    while (!this.#isWritten) {
      this.#isWritten = true;
      const files = await this.#load();
      for (const path of [...files.keys()]) if (!(await exists(path))) files.delete(path);
      const written: Written = { bootId: this.#bootId, files: Object.fromEntries(files) };
      await writeJson(this.#path, written, { mode: 0o600 }).catch((error: unknown) =>
        this.#onError(asBerthError(error)),
      );
    }
  }
}
