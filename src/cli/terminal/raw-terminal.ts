/** The part of `process.stdin` that is needed. */
export interface RawInput {
  readonly isTTY?: boolean | undefined;
  readonly isRaw?: boolean | undefined;
  setRawMode?(on: boolean): unknown;
  resume(): unknown;
  pause(): unknown;
}

/** The part of `process` that tells when it ends. */
export interface ExitSource {
  on(event: 'exit', listener: () => void): unknown;
  off(event: 'exit', listener: () => void): unknown;
}

/**
 * Runs `work` with the terminal in raw mode (keys go to the guest, Ctrl-C too) and sets it back on every way out:
 * return, throw and end of the process.
 */
export async function withRawTerminal<T>(
  input: RawInput,
  source: ExitSource,
  work: () => Promise<T>,
): Promise<T> {
  const before = input.isRaw === true;
  const restore = (): void => {
    input.setRawMode?.(before);
    input.pause();
  };
  source.on('exit', restore);
  try {
    input.setRawMode?.(true);
    input.resume();
    return await work();
  } finally {
    source.off('exit', restore);
    restore();
  }
}
