/** Something that happened, as `berth events` shows it. */
export interface BerthEvent {
  /** Grows by one with each event of a daemon's life and on; a stream resumes after it. */
  readonly sequence: number;
  readonly at: string;
  /** `environment.ready`, `environment.crashed`, `operation.step`, … */
  readonly kind: string;
  /** Name or id of what it happened to. */
  readonly subject: string;
  readonly message: string;
}
