import { Mutex } from '../base/index.ts';
import { readJson, writeJson } from '../host/index.ts';

/** When each image of a cache was used last, kept in a file that is written from time to time. */
export class UseBook {
  readonly #path: string;
  readonly #writing = new Mutex();
  #uses: Map<string, string> | undefined;
  #isChanged = false;

  constructor(path: string) {
    this.#path = path;
  }

  /** An image, `library/nginx:1.27`, is in use now. */
  async note(image: string): Promise<void> {
    const uses = await this.#load();
    uses.set(image, new Date().toISOString());
    this.#isChanged = true;
  }

  /** When it was used last; undefined when that is not known. */
  async lastUse(image: string): Promise<Date | undefined> {
    const at = (await this.#load()).get(image);
    return at === undefined ? undefined : new Date(at);
  }

  /** Strikes images out that are gone. */
  async keep(images: ReadonlySet<string>): Promise<void> {
    const uses = await this.#load();
    for (const image of uses.keys()) if (!images.has(image)) uses.delete(image);
    this.#isChanged = true;
    await this.save();
  }

  /** Writes it down where something has changed. */
  async save(): Promise<void> {
    await this.#writing.run(async () => {
      if (!this.#isChanged || this.#uses === undefined) return;
      this.#isChanged = false;
      await writeJson(this.#path, Object.fromEntries(this.#uses), { mode: 0o600 });
    });
  }

  async #load(): Promise<Map<string, string>> {
    if (this.#uses !== undefined) return this.#uses;
    // A file that cannot be read costs no more than the knowledge of past uses.
    const known = await readJson<Record<string, string>>(this.#path).catch(() => undefined);
    this.#uses ??= new Map(Object.entries(known ?? {}));
    return this.#uses;
  }
}
