import { StringDecoder } from 'node:string_decoder';
import { LineFramer } from '../base/index.ts';

/** Keeps the end of what a program says, and passes its lines on as they come. */
export class OutputTail {
  readonly #maxBytes: number;
  readonly #onLine: ((line: string) => void) | undefined;
  readonly #decoder = new StringDecoder('utf8');
  readonly #framer = new LineFramer({ maxLineLength: 64 * 1024 });
  #chunks: Buffer[] = [];
  #size = 0;
  #truncated = false;

  constructor(maxBytes: number, onLine: ((line: string) => void) | undefined) {
    this.#maxBytes = maxBytes;
    this.#onLine = onLine;
  }

  get truncated(): boolean {
    return this.#truncated;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    // Twice the limit, so that joining happens seldom.
    if (this.#size > this.#maxBytes * 2) this.#cut();
    if (this.#onLine === undefined) return;
    for (const line of this.#framer.push(this.#decoder.write(chunk))) this.#onLine(line);
  }

  /** Passes on an unfinished last line; returns what is kept. */
  end(): string {
    const rest = this.#framer.push(this.#decoder.end()).concat(this.#framer.rest());
    for (const line of rest) if (line !== '') this.#onLine?.(line);
    if (this.#size > this.#maxBytes) this.#cut();
    return Buffer.concat(this.#chunks).toString('utf8');
  }

  #cut(): void {
    const all = Buffer.concat(this.#chunks);
    this.#chunks = [all.subarray(Math.max(0, all.length - this.#maxBytes))];
    this.#size = Math.min(all.length, this.#maxBytes);
    this.#truncated = true;
  }
}
