/** What the registry knows of an error code. */
export interface ErrorEntry {
  /** HTTP status of an answer that reports it. */
  readonly status: number;
  /**
   * Exit code of a command that ends with it: 2 input, 3 not found, 4 conflict, 5 the host lacks something,
   * 6 daemon, 7 machine or guest, 70 a defect of Berth, 124 deadline, 130 cancelled, 1 anything else.
   */
  readonly exitCode: number;
  /** What it means, in one sentence. */
  readonly summary: string;
  /** The next command to type or the next thing to do. */
  readonly remedy: string;
}

/** In one line of the registry. */
export function entry(status: number, exitCode: number, summary: string, remedy: string): ErrorEntry {
  return { status, exitCode, summary, remedy };
}
