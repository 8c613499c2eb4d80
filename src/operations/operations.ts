import type { Operation, OperationId } from '../model/index.ts';

/** What a piece of work says when it has succeeded. */
export interface OperationResult {
  /** Names of what it made. */
  readonly names: readonly string[];
}

/**
 * What is written to the store beside the intent and the end, which always are:
 * - `steps` (default): the start and end of each step
 * - `intent`: nothing; steps are seen by watchers only, for work where milliseconds count
 */
export type ProgressDurability = 'steps' | 'intent';

export interface StartOptions {
  readonly durability?: ProgressDurability;
  /** An operation that was started with the same key, by `formatRequestKey`, is returned instead of a new one. @throws `key-reused` */
  readonly idempotencyKey?: string;
}

/** A step that runs; steps of one operation may run side by side. */
export interface Step {
  /** Latest word of progress within this step; cheap, and not kept across the end of the daemon. */
  detail(text: string): void;
}

/** What work is given to tell how it goes. */
export interface OperationContext {
  readonly id: OperationId;
  /** Aborts when the operation is cancelled or the daemon stops; the work then undoes what it did and throws. */
  readonly signal: AbortSignal;
  /**
   * Run one step. What it throws is thrown on; an aborted {@link signal} keeps it from starting, so undoing after a
   * cancel is done outside of steps.
   */
  step<Value>(name: string, title: string, work: (step: Step) => Promise<Value> | Value): Promise<Value>;
  /** {@link Step.detail} of the step that started last. */
  detail(text: string): void;
  /**
   * Replace what {@link Recoverable.checkpoint} gives after the daemon died. Resolves when it is on disk, so that a side
   * effect may follow; rejects when it cannot be written.
   */
  checkpoint(data: unknown): Promise<void>;
  /** Time spent in each step that has ended, in ms, by name; times of the same name are added. */
  stepMs(): Readonly<Record<string, number>>;
}

/** The work of an operation: returns what it made, or throws. What it throws becomes the operation's error. */
export type Work = (operation: OperationContext) => Promise<OperationResult | undefined | void>;

/** An operation that ran when the daemon died. */
export interface Recoverable {
  readonly operation: Operation;
  /** As given to {@link Operations.start}. */
  readonly input: unknown;
  /** As last given to {@link OperationContext.checkpoint}. */
  readonly checkpoint?: unknown;
}

export interface Operations {
  /**
   * Record an operation and begin its work. Resolves when the intent is on disk, before any work is done; rejects when
   * it cannot be written or the daemon stops.
   * @param kind `up`, `fork`, `stop`, …
   * @param targets names of what it works on
   * @param input JSON that is enough to finish or undo it; kept until it has ended
   */
  start(
    kind: string,
    targets: readonly string[],
    input: unknown,
    work: Work,
    options?: StartOptions,
  ): Promise<Operation>;
  /** Newest first. */
  list(): readonly Operation[];
  /** Throws `not-found`. */
  get(id: string): Operation;
  /** The operation that was started with this key, while it is kept. */
  findByKey(idempotencyKey: string): Operation | undefined;
  /** Abort its signal; one that has ended is returned as it is. Throws `not-found`. */
  cancel(id: string): Promise<Operation>;
  /**
   * The operation now and after each change (of several unread ones only the last), until it has ended or `signal`
   * aborts. Throws `not-found` at once.
   */
  watch(id: string, signal: AbortSignal): AsyncIterable<Operation>;
  /** The operation when it has ended, in whatever state. Rejects when `signal` aborts before. */
  wait(id: string, signal?: AbortSignal): Promise<Operation>;
  /** Those that ran when the daemon died and were not taken up by {@link resume} yet, oldest first. */
  recoverable(): readonly Recoverable[];
  /**
   * Take up one of them under its old id; `work` finishes or undoes it. One in state `cancelling` should be undone: when
   * its work throws it is `cancelled`, and its signal is not aborted, so that the undoing can have steps.
   */
  resume(id: string, work: Work): Promise<Operation>;
  /**
   * Refuse new operations and give those that run `timeoutMs` to end, then abort them and give them as long again to undo
   * what they did. What still runs then is recoverable by the next daemon.
   */
  close(options: { readonly timeoutMs: number }): Promise<void>;
}
