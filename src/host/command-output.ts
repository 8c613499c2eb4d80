import { StringDecoder } from 'node:string_decoder';
import { LineFramer } from '../base/index.ts';

const MAX_LINE_LENGTH = 64 * 1024;

/** Keeps at most `maxBytes` of what a program writes and hands its lines on. */
export class CommandOutput {
  readonly #maxBytes: number;
  readonly #onLine: ((line: string) => void) | undefined;
  readonly #framer = new LineFramer({ maxLineLength: MAX_LINE_LENGTH });
  readonly #decoder = new StringDecoder('utf8');
  #chunks: Buffer[] = [];
  #bytes = 0;
  #dropped = false;

  constructor(maxBytes: number, onLine?: (line: string) => void) {
    this.#maxBytes = maxBytes;
    this.#onLine = onLine;
  }

  /** True when more came than is kept; the oldest was dropped. */
  get dropped(): boolean {
    return this.#dropped;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    while (this.#bytes > this.#maxBytes) this.#drop(this.#bytes - this.#maxBytes);
    if (this.#onLine === undefined) return;
    for (const line of this.#framer.push(this.#decoder.write(chunk))) this.#onLine(line);
  }

  /** To be called once, after the last chunk: hands on a last line without a newline. */
  end(): void {
    const rest = this.#framer.rest();
    if (rest !== '') this.#onLine?.(rest);
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }

  #drop(surplus: number): void {
    this.#dropped = true;
    const first = this.#chunks.shift();
    if (first === undefined) return;
    const kept = first.subarray(Math.min(surplus, first.length));
    if (kept.length > 0) this.#chunks.unshift(kept);
    this.#bytes -= first.length - kept.length;
  }
}

/** The last lines of a program's complaint, for an error message; empty when it said nothing. */
export function lastLines(text: string, count: number): string {
  const lines = text.split('\n').map((line) => line.trimEnd());
  return lines
    .filter((line) => line !== '')
    .slice(-count)
    .join('\n');
}
