/** A piece of output with the stream it came by. */
export interface OutputPiece {
  readonly stream: 'stdout' | 'stderr';
  readonly bytes: Buffer;
}

const HEADER_BYTES = 8;
const STDERR = 2;

/**
 * Takes apart what the Docker API sends for two streams over one: each piece has a header of eight bytes, the first of which
 * tells the stream and the last four the length. Pieces come out as they come in, whatever length a header claims.
 */
export class OutputSplitter {
  #header = Buffer.alloc(0);
  #stream: OutputPiece['stream'] = 'stdout';
  #left = 0;

  push(chunk: Buffer): OutputPiece[] {
    const pieces: OutputPiece[] = [];
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#left > 0) {
        const bytes = rest.subarray(0, this.#left);
        pieces.push({ stream: this.#stream, bytes });
        this.#left -= bytes.length;
        rest = rest.subarray(bytes.length);
      } else {
        const missing = HEADER_BYTES - this.#header.length;
        this.#header = Buffer.concat([this.#header, rest.subarray(0, missing)]);
        rest = rest.subarray(missing);
        if (this.#header.length === HEADER_BYTES) this.#begin();
      }
    }
    return pieces;
  }

  #begin(): void {
    this.#stream = this.#header[0] === STDERR ? 'stderr' : 'stdout';
    this.#left = this.#header.readUInt32BE(4);
    this.#header = Buffer.alloc(0);
  }
}
