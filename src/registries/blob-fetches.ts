import { BlobFetch } from './blob-fetch.ts';
import type { Upstream } from './upstream.ts';

/** How long a blob that nobody reads is kept: the registry asks for each of them twice, and engines try again. */
const LINGER_MS = 5_000;

interface Entry {
  readonly fetch: BlobFetch;
  readers: number;
  timer?: NodeJS.Timeout;
}

/** The blobs that are on their way: each is downloaded once, whoever wants it at the same time. */
export class BlobFetches {
  readonly #directory: string;
  readonly #lingerMs: number;
  readonly #entries = new Map<string, Entry>();

  /** Downloads lie in `directory`. */
  constructor(directory: string, lingerMs = LINGER_MS) {
    this.#directory = directory;
    this.#lingerMs = lingerMs;
  }

  /** Lends the download of a blob; `done` must be called once it is not read any more. `owner` is who may have it. */
  borrow(
    owner: string,
    upstream: Upstream,
    repository: string,
    digest: string,
  ): { readonly fetch: BlobFetch; readonly done: () => void } {
    const key = `${owner} ${repository} ${digest}`;
    const entry = this.#entries.get(key) ?? this.#begin(key, upstream, repository, digest);
    clearTimeout(entry.timer);
    entry.readers += 1;
    let isDone = false;
    const done = (): void => {
      if (isDone) return;
      isDone = true;
      entry.readers -= 1;
      if (entry.readers === 0) entry.timer = setTimeout(() => this.#drop(key, entry), this.#lingerMs).unref();
    };
    return { fetch: entry.fetch, done };
  }

  /** Ends all of them. */
  async close(): Promise<void> {
    const entries = [...this.#entries];
    this.#entries.clear();
    await Promise.all(
      entries.map(async ([, { fetch, timer }]) => {
        clearTimeout(timer);
        await fetch.close();
      }),
    );
  }

  #begin(key: string, upstream: Upstream, repository: string, digest: string): Entry {
    const fetch = new BlobFetch({ upstream, repository, digest, directory: this.#directory });
    const entry: Entry = { fetch, readers: 0 };
    this.#entries.set(key, entry);
    // One that failed is not lent again: the next who wants it begins anew.
    fetch
      .run()
      .then(() => {
        if (fetch.error !== undefined && this.#entries.get(key) === entry) this.#entries.delete(key);
      })
      .catch(() => undefined);
    return entry;
  }

  #drop(key: string, entry: Entry): void {
    if (this.#entries.get(key) === entry) this.#entries.delete(key);
    entry.fetch.close().catch(() => undefined);
  }
}
