/** How long something may take. */
export interface WaitOptions {
  /** The deadline, in ms from the call. */
  readonly timeoutMs: number;
  /** Ends the wait with the signal's reason. */
  readonly signal?: AbortSignal;
}
