import { asBerthError, berthError } from '../errors/index.ts';
import { isEnded, type Operation } from '../model/index.ts';
import type { Durability, Store } from '../store/index.ts';
import { LatestValue } from './latest-value.ts';
import type { OperationContext, ProgressDurability, Step, Work } from './operations.ts';
import { type Outcome, stepMs, withOutcome, withStep, withStepDetail, withStepEnd } from './progress.ts';
import { operationDocuments, type StoredOperation } from './stored-operation.ts';

/** Details are told to watchers at most this often, in ms. */
const DETAIL_INTERVAL_MS = 50;

/** What an operation needs of the world. */
export interface Surroundings {
  readonly store: Store;
  readonly now: () => Date;
  /** Told of progress that could not be written; the operation goes on. */
  readonly onError: (error: unknown) => void;
}

/** One operation of this daemon or an earlier one: its state, who watches it, and its document in the store. */
export class LiveOperation {
  readonly controller = new AbortController();
  readonly #surroundings: Surroundings;
  readonly #latest: LatestValue<Operation>;
  #stored: StoredOperation;
  #saved: Promise<unknown> = Promise.resolve();
  #announcement: NodeJS.Timeout | undefined;
  #hasWork = false;
  /** The work has ended: what its stragglers still report is not heard. */
  #ending = false;

  constructor(stored: StoredOperation, surroundings: Surroundings) {
    this.#stored = stored;
    this.#surroundings = surroundings;
    this.#latest = new LatestValue(stored.operation);
    if (isEnded(stored.operation)) this.#latest.end();
  }

  get operation(): Operation {
    return this.#latest.value;
  }

  get stored(): StoredOperation {
    return this.#stored;
  }

  /** False for one that a dead daemon left behind. */
  get hasWork(): boolean {
    return this.#hasWork;
  }

  watch(signal?: AbortSignal): AsyncGenerator<Operation> {
    return this.#latest.read(signal);
  }

  /** Write the whole document; writes of one operation follow each other and the last one has the newest state. */
  save(durability: Durability = 'synced'): Promise<void> {
    const write = async () => {
      await this.#surroundings.store.put(operationDocuments, this.operation.id, this.#stored, { durability });
    };
    const saved = this.#saved.then(write, write);
    this.#saved = saved.catch(() => undefined);
    return saved;
  }

  /** Abort the work, also when that cannot be written: a full disk must not keep anyone from stopping things. */
  async cancel(): Promise<void> {
    if (this.operation.state !== 'running' || this.#ending) return;
    this.#change({ ...this.operation, state: 'cancelling' });
    await this.save().catch(this.#surroundings.onError);
    this.controller.abort(berthError('cancelled', `The ${this.operation.kind} was cancelled`));
  }

  /** Do the work; never rejects. The end is on disk before anyone is told of it. */
  async run(work: Work, durability: ProgressDurability): Promise<void> {
    this.#hasWork = true;
    const outcome = await this.#outcomeOf(work, durability);
    this.#ending = true;
    const { idempotencyKey } = this.#stored;
    const operation = withOutcome(this.operation, outcome, this.#timestamp());
    this.#stored = { operation, ...(idempotencyKey === undefined ? {} : { idempotencyKey }) };
    await this.save().catch(this.#surroundings.onError);
    clearTimeout(this.#announcement);
    this.#latest.value = operation;
    this.#latest.end();
  }

  async #outcomeOf(work: Work, durability: ProgressDurability): Promise<Outcome> {
    try {
      const result = await work(this.#context(durability));
      return { state: 'succeeded', ...(result === undefined ? {} : { names: result.names }) };
    } catch (error) {
      const failure = asBerthError(error).toFailure();
      const asked = this.controller.signal.aborted || this.operation.state === 'cancelling';
      // The end of the daemon cancels, too.
      const state = asked || failure.code === 'cancelled' ? 'cancelled' : 'failed';
      return { state, error: failure };
    }
  }

  #context(durability: ProgressDurability): OperationContext {
    return {
      id: this.operation.id,
      signal: this.controller.signal,
      step: (name, title, work) => this.#step(name, title, work, durability),
      detail: (text) => this.#detail(this.operation.steps.length - 1, text),
      checkpoint: async (checkpoint) => {
        if (this.#ending) return;
        this.#stored = { ...this.#stored, checkpoint };
        await this.save();
      },
      stepMs: () => stepMs(this.operation),
    };
  }

  async #step<Value>(
    name: string,
    title: string,
    work: (step: Step) => Promise<Value> | Value,
    durability: ProgressDurability,
  ): Promise<Value> {
    this.controller.signal.throwIfAborted();
    const index = this.operation.steps.length;
    this.#change(withStep(this.operation, name, title, this.#timestamp()));
    await this.#saveProgress(durability);
    // A step that fails has no end of its own: by that it is told from one that is done.
    const result = await work({ detail: (text) => this.#detail(index, text) });
    this.#change(withStepEnd(this.operation, index, this.#timestamp()));
    await this.#saveProgress(durability);
    return result;
  }

  /** Progress that cannot be written does not stop the work: machines are not given up because bookkeeping failed. */
  async #saveProgress(durability: ProgressDurability): Promise<void> {
    if (durability === 'steps' && !this.#ending) await this.save().catch(this.#surroundings.onError);
  }

  #detail(index: number, text: string): void {
    if (this.#ending || this.operation.steps[index] === undefined) return;
    this.#set(withStepDetail(this.operation, index, text));
    this.#announcement ??= setTimeout(() => this.#announce(), DETAIL_INTERVAL_MS).unref();
  }

  #change(operation: Operation): void {
    if (this.#ending) return;
    this.#set(operation);
    this.#announce();
  }

  #set(operation: Operation): void {
    this.#stored = { ...this.#stored, operation };
    this.#latest.value = operation;
  }

  #announce(): void {
    clearTimeout(this.#announcement);
    this.#announcement = undefined;
    this.#latest.announce();
  }

  #timestamp(): string {
    return this.#surroundings.now().toISOString();
  }
}
