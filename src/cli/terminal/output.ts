import { createStyle, type Style, wantsColour } from './style.ts';

/** One stream on which text is written for a person or a pipe. */
export interface Output {
  /** True when a person looks at it: control sequences that move the cursor are allowed. */
  readonly isTerminal: boolean;
  /** Colours for this stream. */
  readonly style: Style;
  /** Width of the terminal in columns; 80 where none is known. */
  columns(): number;
  /** Writes text as it is. */
  write(text: string | Uint8Array): void;
  /** Writes text and a line end. */
  line(text?: string): void;
}

/** The part of a Node stream that an {@link Output} needs. */
export interface OutputStream {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string | Uint8Array): unknown;
}

/** Wraps `process.stdout` or `process.stderr`. */
export function createOutput(
  stream: OutputStream,
  env: Readonly<Record<string, string | undefined>>,
): Output {
  const isTerminal = stream.isTTY === true;
  return {
    isTerminal,
    style: createStyle(wantsColour(isTerminal, env)),
    // A terminal that does not know its size says 0.
    columns: () => stream.columns || 80,
    write: (text) => void stream.write(text),
    line: (text = '') => void stream.write(`${text}\n`),
  };
}
