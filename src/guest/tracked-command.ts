import { quoteForShell } from './posix-quote.ts';

const MARKER = 'berth-process ';
/** A login shell's start-up files may say something first, but not a novel. */
const MAX_PREAMBLE_BYTES = 64 * 1024;

/**
 * A command line that tells the program's process group before it becomes the program. OpenSSH lets programs without a terminal run on
 * when their channel closes and passes no signals on for root: to end one, its number must be known.
 */
export function trackedCommand(argv: readonly string[]): string {
  return `echo "${MARKER}$$" >&2 && exec ${quoteForShell(argv)}`;
}

/** Takes the line with the number out of the program's error output. */
export class ProcessGroupReader {
  #before: Buffer | undefined = Buffer.alloc(0);
  #group: number | undefined;

  /** Undefined until the line has come. */
  get group(): number | undefined {
    return this.#group;
  }

  /** Returns what of `chunk` (and of what was held back) belongs to the program. */
  push(chunk: Buffer): Buffer {
    if (this.#before === undefined) return chunk;
    const held = Buffer.concat([this.#before, chunk]);
    const start = held.indexOf(MARKER);
    const end = start < 0 ? -1 : held.indexOf('\n', start);
    if (end < 0 && held.length <= MAX_PREAMBLE_BYTES) {
      this.#before = held;
      return Buffer.alloc(0);
    }
    this.#before = undefined;
    if (end < 0) return held;
    const group = Number(held.subarray(start + MARKER.length, end).toString('latin1'));
    if (Number.isSafeInteger(group) && group > 1) this.#group = group;
    return Buffer.concat([held.subarray(0, start), held.subarray(end + 1)]);
  }

  /** What was held back when the output ended. */
  rest(): Buffer {
    const rest = this.#before ?? Buffer.alloc(0);
    this.#before = undefined;
    return rest;
  }
}
