import {
  createOperations,
  type OperationContext,
  type Operations,
  type OperationsOptions,
} from '../../../src/operations/index.ts';
import { openSqliteStore, type Store } from '../../../src/store/index.ts';

/** A store in memory, a clock that ticks 1 ms at each look, and daemons over them. */
export interface Harness {
  readonly store: Store;
  now(): Date;
  /** Let time pass. */
  pass(ms: number): void;
  /** Another daemon over the same store. */
  open(options?: Partial<OperationsOptions>): Promise<Operations>;
  /** What is in the store. */
  stored(): Promise<Record<string, unknown>[]>;
}

export async function harness(): Promise<Harness> {
  const store = await openSqliteStore({ path: ':memory:' });
  let clock = Date.parse('2026-01-01T00:00:00Z');
  let made = 0;
  const now = () => new Date(clock++);
  const makeId = () => `op-${(++made).toString(16).padStart(12, '0')}`;
  return {
    store,
    now,
    pass: (ms) => {
      clock += ms;
    },
    open: (options = {}) => createOperations({ store, now, makeId, ...options }),
    stored: async () => {
      const documents = await store.list<Record<string, unknown>>({ name: 'operations' });
      return documents.map((document) => document.value);
    },
  };
}

/** A promise and its end, to hold work where a test wants it. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

/** Work that waits until its signal aborts. */
export async function untilAborted({ signal }: OperationContext): Promise<undefined> {
  await new Promise<void>((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason));
  });
}

export async function collect<Value>(values: AsyncIterable<Value>): Promise<Value[]> {
  const collected: Value[] = [];
  for await (const value of values) collected.push(value);
  return collected;
}
