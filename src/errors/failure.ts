import type { ErrorCode } from './registry.ts';

// Declared here and not taken from the model, which stands above this module; the two are the same in structure.

/** One problem of a file or request. */
export interface Problem {
  /** Where: `services.web.ports[0]`, or the name of a flag. */
  readonly path: string;
  readonly message: string;
  /** 1-based, when it comes from a file. */
  readonly line?: number;
  readonly column?: number;
}

/** An error as it goes over the wire and onto the screen. */
export interface Failure {
  readonly code: ErrorCode;
  /** What is the case, in one sentence. */
  readonly message: string;
  /** The next command to type or the next thing to do. */
  readonly remedy: string;
  /** Every problem of a file or a request, in order; absent when there are none. */
  readonly problems?: readonly Problem[];
}
