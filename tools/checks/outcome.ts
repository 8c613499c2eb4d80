/** What one check found. */
export interface Outcome {
  /** How many things it looked at; a check that saw nothing has failed. */
  readonly seen: number;
  /** What was counted: `files`, `links`. */
  readonly unit: string;
  /** One line each, where and what; empty when all is well. */
  readonly problems: readonly string[];
}

/** One check of the repository. */
export interface Check {
  readonly name: string;
  /** Looks at the repository in `root`; throws only when the check itself does not work. */
  run(root: string, signal: AbortSignal): Promise<Outcome> | Outcome;
}
