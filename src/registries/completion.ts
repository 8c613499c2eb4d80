import { request as httpRequest } from 'node:http';
import { exists, readText } from '../host/index.ts';
import { blobFile } from './kept-images.ts';
import { parseJsonObject } from './read-body.ts';

/** An image that was given out. */
interface GivenImage {
  readonly repository: string;
  /** Digest of its manifest. */
  readonly digest: string;
}

/** So long after the last request the engines have fetched what they want. */
const QUIET_MS = 2_000;
const MAX_PENDING = 200;

/**
 * Fetches what engines left out of an image, since they had it from elsewhere: layers that images of different registries share.
 * Without it the image could not be had from the cache by an engine that has nothing yet.
 */
export class Completion {
  readonly #data: string;
  readonly #socket: () => Promise<string | undefined>;
  readonly #pending = new Map<string, GivenImage>();
  readonly #closing = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();

  /** `socket` gives the path of the registry program's socket; undefined: nothing is kept. */
  constructor(o: { readonly data: string; readonly socket: () => Promise<string | undefined> }) {
    this.#data = o.data;
    this.#socket = o.socket;
  }

  /** An image was given out. */
  note(image: GivenImage): void {
    if (this.#pending.size < MAX_PENDING) this.#pending.set(`${image.repository} ${image.digest}`, image);
  }

  /** An engine asks for something: it may still want the rest itself. */
  pause(): void {
    clearTimeout(this.#timer);
  }

  /** No engine asks for anything now. */
  resume(): void {
    clearTimeout(this.#timer);
    if (this.#pending.size === 0 || this.#closing.signal.aborted) return;
    this.#timer = setTimeout(() => {
      this.#work = this.#work.then(() => this.#run()).catch(() => undefined);
    }, QUIET_MS).unref();
  }

  /** Stops; what is not fetched then stays so. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#closing.abort();
    await this.#work;
  }

  async #run(): Promise<void> {
    const images = [...this.#pending.values()];
    this.#pending.clear();
    for (const image of images) {
      for (const digest of await this.#missing(image)) {
        const socketPath = await this.#socket();
        if (socketPath === undefined || this.#closing.signal.aborted) return;
        // One that cannot be had now is fetched by whoever needs it.
        await this.#fetch(socketPath, `/v2/${image.repository}/blobs/${digest}`).catch(() => undefined);
      }
    }
  }

  /** Blobs of an image that the cache has not. A list of several platforms has none itself. */
  async #missing({ digest }: GivenImage): Promise<string[]> {
    const manifest = parseJsonObject((await readText(blobFile(this.#data, digest))) ?? '');
    const layers = Array.isArray(manifest?.['layers']) ? (manifest['layers'] as readonly unknown[]) : [];
    const digests = [manifest?.['config'], ...layers].flatMap(digestIn);
    const missing: string[] = [];
    for (const one of new Set(digests)) if (!(await exists(blobFile(this.#data, one)))) missing.push(one);
    return missing;
  }

  #fetch(socketPath: string, path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const { signal } = this.#closing;
      const outgoing = httpRequest({
        socketPath,
        path,
        headers: { host: 'cache', connection: 'close' },
        signal,
      });
      outgoing.once('error', reject);
      outgoing.once('response', (answer) => {
        answer.once('error', reject);
        answer.once('close', resolve);
        answer.resume();
      });
      outgoing.end();
    });
  }
}

function digestIn(part: unknown): string[] {
  if (typeof part !== 'object' || part === null || !('digest' in part)) return [];
  const { digest } = part;
  return typeof digest === 'string' && /^sha256:[0-9a-f]{64}$/.test(digest) ? [digest] : [];
}
