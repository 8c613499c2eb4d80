/** How a program in the guest ended. */
export interface CommandOutcome {
  /** Exit code; 128 and more when a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** True when there was more output than is kept; the end is what is kept. */
  readonly truncated: boolean;
}
