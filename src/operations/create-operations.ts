import { KeyedMutex, parseRequestKey } from '../base/index.ts';
import { berthError } from '../errors/index.ts';
import { isEnded, type Operation } from '../model/index.ts';
import type { Store } from '../store/index.ts';
import type { EventLog } from './event-log.ts';
import { LiveOperation, type Surroundings } from './live-operation.ts';
import type { Operations, Recoverable, StartOptions, Work } from './operations.ts';
import { begun } from './progress.ts';
import { operationDocuments } from './stored-operation.ts';

export interface OperationsOptions {
  readonly store: Store;
  readonly now: () => Date;
  /** A new id, `op-` and 12 lower-case hex digits. */
  readonly makeId: () => string;
  /** Gets an event when an operation starts and when it ends. */
  readonly events?: EventLog;
  /** Told of what could not be written and did not stop an operation. */
  readonly onError?: (error: unknown) => void;
  /** How many ended operations are kept, default 500. */
  readonly keep?: number;
}

/** Loads the operations of earlier daemons; look at `recoverable()` next. */
export async function createOperations(options: OperationsOptions): Promise<Operations> {
  const all = new AllOperations(options);
  await all.load();
  return all;
}

class AllOperations implements Operations {
  readonly #options: OperationsOptions;
  readonly #surroundings: Surroundings;
  /** In the order in which they were started. */
  readonly #live = new Map<string, LiveOperation>();
  readonly #running = new Map<LiveOperation, Promise<void>>();
  readonly #keys = new KeyedMutex();
  #closed = false;

  constructor(options: OperationsOptions) {
    this.#options = options;
    this.#surroundings = {
      store: options.store,
      now: options.now,
      onError: options.onError ?? (() => undefined),
    };
  }

  async load(): Promise<void> {
    const documents = await this.#options.store.list(operationDocuments);
    const stored = documents.map((document) => document.value);
    stored.sort((a, b) => (a.operation.createdAt < b.operation.createdAt ? -1 : 1));
    for (const each of stored) this.#live.set(each.operation.id, new LiveOperation(each, this.#surroundings));
    await this.#prune();
  }

  async start(
    kind: string,
    targets: readonly string[],
    input: unknown,
    work: Work,
    options: StartOptions = {},
  ): Promise<Operation> {
    const { idempotencyKey } = options;
    const begin = () => this.#begin(kind, targets, input, work, options);
    if (idempotencyKey === undefined) return begin();
    return this.#keys.run(
      parseRequestKey(idempotencyKey).key,
      async () => this.findByKey(idempotencyKey) ?? begin(),
    );
  }

  async #begin(
    kind: string,
    targets: readonly string[],
    input: unknown,
    work: Work,
    options: StartOptions,
  ): Promise<Operation> {
    if (this.#closed) throw berthError('daemon-not-running', 'The daemon is stopping');
    const { idempotencyKey, durability = 'steps' } = options;
    const operation = begun(this.#options.makeId(), kind, targets, this.#options.now().toISOString());
    const stored = { operation, input, ...(idempotencyKey === undefined ? {} : { idempotencyKey }) };
    const live = new LiveOperation(stored, this.#surroundings);
    await live.save();
    this.#live.set(operation.id, live);
    this.#tell(live.operation, 'started');
    this.#run(live, work, durability);
    return live.operation;
  }

  #run(live: LiveOperation, work: Work, durability: 'steps' | 'intent'): void {
    const run = async () => {
      await live.run(work, durability);
      this.#tell(live.operation, live.operation.state);
      this.#running.delete(live);
      await this.#prune();
    };
    this.#running.set(live, run());
  }

  list(): readonly Operation[] {
    return [...this.#live.values()].map((live) => live.operation).toReversed();
  }

  get(id: string): Operation {
    return this.#find(id).operation;
  }

  findByKey(idempotencyKey: string): Operation | undefined {
    const { key, fingerprint } = parseRequestKey(idempotencyKey);
    for (const { stored, operation } of this.#live.values()) {
      if (stored.idempotencyKey === undefined) continue;
      const known = parseRequestKey(stored.idempotencyKey);
      if (known.key !== key) continue;
      // What was kept without one is taken for the same.
      if ((known.fingerprint ?? fingerprint) === (fingerprint ?? known.fingerprint)) return operation;
      throw berthError(
        'key-reused',
        `The idempotency key "${key}" belongs to another request, which started ${operation.kind} ${operation.id}`,
      );
    }
    return undefined;
  }

  async cancel(id: string): Promise<Operation> {
    const live = this.#find(id);
    await live.cancel();
    return live.operation;
  }

  watch(id: string, signal: AbortSignal): AsyncIterable<Operation> {
    return this.#find(id).watch(signal);
  }

  async wait(id: string, signal?: AbortSignal): Promise<Operation> {
    const live = this.#find(id);
    for await (const operation of live.watch(signal)) if (isEnded(operation)) return operation;
    signal?.throwIfAborted();
    return live.operation;
  }

  recoverable(): readonly Recoverable[] {
    const left = [...this.#live.values()].filter((live) => !live.hasWork && !isEnded(live.operation));
    return left.map(({ operation, stored: { input, checkpoint } }) => ({ operation, input, checkpoint }));
  }

  async resume(id: string, work: Work): Promise<Operation> {
    const live = this.#find(id);
    if (live.hasWork || isEnded(live.operation))
      throw berthError('conflict', `Operation ${id} is not waiting to be taken up`);
    this.#run(live, work, 'steps');
    return live.operation;
  }

  async close(options: { readonly timeoutMs: number }): Promise<void> {
    this.#closed = true;
    await this.#settled(options.timeoutMs);
    const reason = berthError('cancelled', 'The daemon was stopped');
    for (const live of this.#running.keys()) live.controller.abort(reason);
    await this.#settled(options.timeoutMs);
  }

  async #settled(timeoutMs: number): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, timeoutMs);
    await Promise.race([Promise.all(this.#running.values()), late]);
    clearTimeout(timer);
  }

  #find(id: string): LiveOperation {
    const live = this.#live.get(id);
    if (live !== undefined) return live;
    throw berthError('not-found', `There is no operation ${id}`, { remedy: './berth operation ls' });
  }

  async #prune(): Promise<void> {
    const ended = [...this.#live.values()].filter((live) => isEnded(live.operation));
    for (const live of ended.slice(0, Math.max(0, ended.length - (this.#options.keep ?? 500)))) {
      this.#live.delete(live.operation.id);
      const removal = this.#options.store.delete(operationDocuments, live.operation.id, {
        durability: 'relaxed',
      });
      await removal.catch(this.#surroundings.onError);
    }
  }

  #tell({ id, kind, targets, error }: Operation, what: string): void {
    const message = `${kind} ${targets.join(' ')}: ${what}${error === undefined ? '' : `, ${error.message}`}`;
    this.#options.events?.append(`operation.${what}`, targets[0] ?? id, message);
  }
}
