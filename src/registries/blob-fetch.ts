import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { formatBytes } from '../base/index.ts';
import { diskSpace, ensureDirectory, openSpoolFile, type SpoolFile, systemCode } from '../host/index.ts';
import { explainError } from './explain-failure.ts';
import type { HttpAnswer } from './http-door.ts';
import { PullError, type PullFailure } from './pull-failure.ts';
import type { Upstream } from './upstream.ts';

/** Room on the disk that a download leaves for everything else. */
const RESERVE_BYTES = 256 * 1024 ** 2;
/** A registry that does not say how long a blob is may send so much. */
const MAX_UNTOLD_BYTES = 8 * 1024 ** 3;
const READ_BYTES = 256 * 1024;
/** How often a download that makes progress is taken up again. */
const MAX_ROUNDS = 50;

/**
 * One blob on its way from a registry: downloaded once into a file without a name, read by as many as want it while it comes.
 * A connection that is cut is taken up again where it ended. What has not its digest in the end is no use to anyone: its
 * readers get an error instead of the last bytes.
 */
export class BlobFetch {
  readonly #upstream: Upstream;
  readonly #repository: string;
  readonly #digest: string;
  readonly #directory: string;
  readonly #abort = new AbortController();
  readonly #hash = createHash('sha256');
  readonly #started = Promise.withResolvers<void>();
  #file: SpoolFile | undefined;
  #size = 0;
  #total: number | undefined;
  #isDone = false;
  #error: PullError | undefined;
  #news = Promise.withResolvers<void>();

  constructor(o: {
    readonly upstream: Upstream;
    readonly repository: string;
    /** `sha256:…` */
    readonly digest: string;
    /** Where the file lies. */
    readonly directory: string;
  }) {
    this.#upstream = o.upstream;
    this.#repository = o.repository;
    this.#digest = o.digest;
    this.#directory = o.directory;
    this.#started.promise.catch(() => undefined);
  }

  /** Downloads; called once. Never rejects: readers are told. */
  async run(): Promise<void> {
    try {
      await ensureDirectory(this.#directory, { mode: 0o700 });
      this.#file = await openSpoolFile(join(this.#directory, `blob-${randomBytes(8).toString('hex')}`));
      await this.#download();
      const digest = `sha256:${this.#hash.digest('hex')}`;
      if (digest !== this.#digest)
        throw this.#failure(
          'invalid',
          `gives a blob with the wrong digest: ${digest} instead of ${this.#digest}`,
        );
      this.#isDone = true;
      this.#started.resolve();
    } catch (error) {
      this.#error =
        systemCode(error) === 'ENOSPC' ? this.#full() : explainError(error, this.#upstream.registry);
      this.#started.reject(this.#error);
    }
    this.#tell();
  }

  /** Why there is no more of it to come; undefined while all is well. */
  get error(): PullError | undefined {
    return this.#error;
  }

  /** Its length, once the registry has begun to send it; undefined when it does not say. @throws PullError */
  async totalBytes(): Promise<number | undefined> {
    await this.#started.promise;
    return this.#total;
  }

  /** Its length in any case: where the registry does not say, when all of it is there. @throws PullError */
  async sizeBytes(): Promise<number> {
    await this.#started.promise;
    for (;;) {
      const news = this.#news.promise;
      if (this.#error !== undefined) throw this.#error;
      if (this.#total !== undefined) return this.#total;
      if (this.#isDone) return this.#size;
      await news;
    }
  }

  /** The blob from its beginning, as it comes. @throws PullError */
  async *read(): AsyncGenerator<Buffer> {
    for (let offset = 0; ; ) {
      const news = this.#news.promise;
      if (this.#error !== undefined) throw this.#error;
      // The last part is held back until the digest is known to be right.
      const available = this.#isDone ? this.#size : Math.max(0, this.#size - READ_BYTES);
      if (offset < available) {
        const length = Math.min(READ_BYTES, available - offset);
        const bytes = (await this.#file?.read(offset, length)) ?? Buffer.alloc(0);
        offset += bytes.length;
        yield bytes;
      } else if (this.#isDone) return;
      else await news;
    }
  }

  /** Ends the download, where it is not done, and gives the disk space back. */
  async close(): Promise<void> {
    this.#error ??= this.#failure('unreachable', 'is not waited for any more');
    this.#abort.abort(this.#error);
    this.#tell();
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  async #download(): Promise<void> {
    for (let round = 0; ; round += 1) {
      const before = this.#size;
      try {
        return await this.#upstream.request(
          {
            method: 'GET',
            path: `/v2/${this.#repository}/blobs/${this.#digest}`,
            repository: this.#repository,
            headers: () => ({
              'accept-encoding': 'identity',
              ...(this.#size === 0 ? {} : { range: `bytes=${this.#size}-` }),
            }),
            signal: this.#abort.signal,
          },
          (answer) => this.#take(answer),
        );
      } catch (error) {
        const goesOn = error instanceof PullError && error.transient && this.#size > before;
        if (!goesOn || round >= MAX_ROUNDS) throw error;
      }
    }
  }

  async #take(answer: HttpAnswer): Promise<void> {
    const { from, total } = this.#placeOf(answer);
    await this.#assertRoom(total);
    this.#total = total;
    this.#started.resolve();
    let at = from;
    for await (const chunk of answer.body) {
      const bytes: Buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
      // A registry that cannot begin in the middle sends again what is there already.
      const fresh = bytes.subarray(Math.max(0, this.#size - at));
      at += bytes.length;
      if (fresh.length === 0) continue;
      await this.#file?.append(fresh);
      this.#hash.update(fresh);
      this.#size += fresh.length;
      if (this.#size > (total ?? MAX_UNTOLD_BYTES)) throw this.#failure('invalid', 'sends more than it said');
      this.#tell();
    }
    if (total !== undefined && this.#size < total)
      throw this.#failure('unreachable', 'cut the connection', true);
  }

  #placeOf(answer: HttpAnswer): { from: number; total: number | undefined } {
    if (answer.status === 206) {
      const range = /^bytes (\d{1,15})-\d{1,15}\/(\d{1,15}|\*)$/.exec(answer.header('content-range') ?? '');
      if (range === null || Number(range[1]) > this.#size)
        throw this.#failure('invalid', 'sends another part of a blob than it was asked for');
      return { from: Number(range[1]), total: range[2] === '*' ? this.#total : Number(range[2]) };
    }
    const length = answer.header('content-length');
    return { from: 0, total: length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : undefined };
  }

  async #assertRoom(total: number | undefined): Promise<void> {
    const { freeBytes } = await diskSpace(this.#directory);
    if ((total ?? 0) - this.#size + RESERVE_BYTES > freeBytes) throw this.#full(total);
  }

  #full(total?: number): PullError {
    const size = total === undefined ? 'the next part of the image' : formatBytes(total);
    const message = `there is no room for ${size} in ${this.#directory}`;
    return new PullError({ kind: 'full', registry: this.#upstream.registry, message });
  }

  #failure(kind: PullFailure['kind'], what: string, transient = false): PullError {
    const { registry } = this.#upstream;
    return new PullError({ kind, registry, message: `${registry} ${what}` }, { transient });
  }

  #tell(): void {
    const { resolve } = this.#news;
    this.#news = Promise.withResolvers<void>();
    resolve();
  }
}
