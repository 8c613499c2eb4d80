/** What a {@link LineFramer} may hold. */
export interface LineFramerOptions {
  /** Characters a line may have, 1 048 576 by default; a longer one comes out in pieces of this length. */
  readonly maxLineLength?: number;
}

/** Cuts a stream of text into lines. Line ends are `\n` or `\r\n` and are not part of the lines. */
export class LineFramer {
  readonly #maxLineLength: number;
  #pending = '';

  constructor(options: LineFramerOptions = {}) {
    this.#maxLineLength = options.maxLineLength ?? 1024 * 1024;
  }

  /** Takes the next piece of the stream; returns the lines that are now complete. */
  push(chunk: string): string[] {
    const pieces = (this.#pending + chunk).split('\n');
    this.#pending = pieces.pop() ?? '';
    const lines = pieces.flatMap((piece) => this.#cut(piece.endsWith('\r') ? piece.slice(0, -1) : piece));
    while (this.#pending.length > this.#maxLineLength) {
      lines.push(this.#pending.slice(0, this.#maxLineLength));
      this.#pending = this.#pending.slice(this.#maxLineLength);
    }
    return lines;
  }

  /** What came after the last line end; empties the framer. Called once the stream has ended. */
  rest(): string {
    const rest = this.#pending;
    this.#pending = '';
    return rest;
  }

  #cut(line: string): string[] {
    if (line.length <= this.#maxLineLength) return [line];
    const pieces: string[] = [];
    for (let at = 0; at < line.length; at += this.#maxLineLength) {
      pieces.push(line.slice(at, at + this.#maxLineLength));
    }
    return pieces;
  }
}
