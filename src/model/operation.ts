import type { OperationId } from './ids.ts';

export type OperationState = 'running' | 'cancelling' | 'succeeded' | 'failed' | 'cancelled';

/** What went wrong, as it goes over the wire and onto the screen. */
export interface Failure {
  /** A code of the error registry. */
  readonly code: string;
  /** What is the case, in one sentence. */
  readonly message: string;
  /** The next command to type or the next thing to do. */
  readonly remedy: string;
  /** Every problem of a file or a request, in order. */
  readonly problems?: readonly Problem[];
}

/** One problem of a file or request. */
export interface Problem {
  /** Where: `services.web.ports[0]`, or the name of a flag. */
  readonly path: string;
  readonly message: string;
  /** 1-based, when it comes from a file. */
  readonly line?: number;
  readonly column?: number;
}

/** One step of an operation, in the order in which steps started. */
export interface OperationStep {
  readonly name: string;
  /** What a person reads: `boot the guest`. */
  readonly title: string;
  readonly startedAt: string;
  /** Absent while it runs, and for ever when it failed or was cancelled: then it ended with its operation. */
  readonly endedAt?: string;
  /** Latest word of progress within the step. */
  readonly detail?: string;
}

/** A long-running, durable action: recorded before its first side effect. */
export interface Operation {
  readonly id: OperationId;
  /** `up`, `fork`, `stop`, `image-build`, `host-setup`, … */
  readonly kind: string;
  /** Names of what it works on. */
  readonly targets: readonly string[];
  readonly state: OperationState;
  readonly createdAt: string;
  readonly endedAt?: string;
  readonly steps: readonly OperationStep[];
  /** What it made: names of environments, templates or images. */
  readonly result?: { readonly names: readonly string[] };
  readonly error?: Failure;
}

/** True when the operation will change no more. */
export function isEnded(operation: Pick<Operation, 'state'>): boolean {
  return operation.state !== 'running' && operation.state !== 'cancelling';
}
