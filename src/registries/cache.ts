import { allocatedBytes, chown, ensureDirectory, removeTree, trimLog } from '../host/index.ts';
import type { CachedImage, ImageCache } from '../model/index.ts';
import type { CacheRecord } from './cache-store.ts';
import { Completion } from './completion.ts';
import { dropImages, type KeptImage, keptImages } from './kept-images.ts';
import type { CacheFiles } from './layout.ts';
import type { RegistryPath } from './registry-path.ts';
import type { RegistryProgram } from './registry-program.ts';
import { UseBook } from './use-book.ts';

/** A registry program that nobody asked anything for so long is ended; the next request starts it again. */
const IDLE_MS = 10 * 60_000;
/** Sooner than the program drops what it has, which it does after a week. */
const MAX_LIFE_MS = 5 * 24 * 3_600_000;
const LOG_LIMITS = { maxBytes: 1024 ** 2, keepBytes: 256 * 1024 };

/** One cache at work: its registry program, who uses it, and what is in it. */
export class Cache {
  readonly record: CacheRecord;
  readonly program: RegistryProgram;
  readonly #files: CacheFiles;
  readonly #uses: UseBook;
  readonly #completion: Completion;
  #requests = 0;
  #lastRequest = performance.now();
  #knownSince = performance.now();

  constructor(record: CacheRecord, files: CacheFiles, program: RegistryProgram) {
    this.record = record;
    this.program = program;
    this.#files = files;
    this.#uses = new UseBook(files.uses);
    this.#completion = new Completion({ data: files.data, socket: () => this.#socket() });
  }

  /** A request begins; call what it returns when it has ended. */
  begin(): () => void {
    this.#requests += 1;
    this.#completion.pause();
    return () => {
      this.#requests -= 1;
      this.#lastRequest = performance.now();
      if (this.#requests === 0) this.#completion.resume();
    };
  }

  /** An image was given out. */
  async used({ repository, reference }: RegistryPath, digest: string | undefined): Promise<void> {
    if (digest !== undefined) this.#completion.note({ repository, digest });
    await this.#uses.note(nameOf({ repository, reference }));
  }

  /** To be called from time to time: bounds the log, writes down uses, ends a program that is idle or has lived long. */
  async lookAfter(): Promise<void> {
    await trimLog(this.#files.log, LOG_LIMITS);
    await this.#uses.save();
    if (this.#requests > 0 || this.program.process() === undefined) return;
    const now = performance.now();
    if (now - this.#lastRequest < IDLE_MS && now - this.#knownSince < MAX_LIFE_MS) return;
    await this.program.stop();
    this.#knownSince = now;
  }

  /** What is in it. */
  async view(environments: readonly string[]): Promise<ImageCache> {
    const { id, registry, isPrivate } = this.record;
    const images = await this.#images();
    const lastUsedAt = images
      .map((image) => image.lastUsedAt)
      .toSorted()
      .at(-1);
    const pid = this.program.process()?.pid;
    return {
      ...{ id, registry, private: isPrivate, images, environments },
      bytes: await allocatedBytes(this.#files.data),
      ...(lastUsedAt === undefined ? {} : { lastUsedAt }),
      ...(pid === undefined ? {} : { pid }),
    };
  }

  /** Takes out what was not used since `before` and frees its disk space; returns the names of the images. */
  async prune(before: Date, signal: AbortSignal): Promise<string[]> {
    const images = await keptImages(this.#files.data);
    const old: KeptImage[] = [];
    for (const image of images) if ((await this.#lastUse(image)) < before) old.push(image);
    if (old.length === 0) return [];
    await this.program.collectGarbage(() => dropImages(this.#files.data, old, before), signal);
    const left = await keptImages(this.#files.data);
    await this.#uses.keep(new Set(left.map(nameOf)));
    return old.map((image) => this.#fullName(image));
  }

  /** Takes everything out; returns the names of the images. */
  async empty(): Promise<string[]> {
    const images = await keptImages(this.#files.data);
    await this.program.stop();
    await removeTree(this.#files.data);
    const { uid } = this.record;
    await ensureDirectory(this.#files.data, { mode: 0o700, uid, gid: uid });
    await chown(this.#files.data, uid, uid);
    await this.#uses.keep(new Set());
    return images.map((image) => this.#fullName(image));
  }

  /** Ends its program, and writes down what is to be known later. */
  async close(): Promise<void> {
    await this.#completion.close();
    await this.#uses.save();
    await this.program.stop();
  }

  /** Only where the program runs: it was asked a moment ago, or nothing is kept. */
  async #socket(): Promise<string | undefined> {
    return this.program.process() === undefined ? undefined : this.program.ensure();
  }

  async #images(): Promise<CachedImage[]> {
    const images = await keptImages(this.#files.data);
    return Promise.all(
      images.map(async (image) => ({
        name: this.#fullName(image),
        lastUsedAt: (await this.#lastUse(image)).toISOString(),
      })),
    );
  }

  async #lastUse(image: KeptImage): Promise<Date> {
    return (await this.#uses.lastUse(nameOf(image))) ?? image.changedAt;
  }

  #fullName(image: KeptImage): string {
    return `${this.record.registry}/${nameOf(image)}`;
  }
}

function nameOf({ repository, reference }: Pick<KeptImage, 'repository' | 'reference'>): string {
  return `${repository}${reference.startsWith('sha256:') ? '@' : ':'}${reference}`;
}
