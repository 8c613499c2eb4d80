/** A set of documents of one kind. Made by {@link defineCollection}. */
export interface Collection<Value> {
  readonly name: string;
  /** Never there; carries the type of the documents. */
  readonly value?: Value;
}

/**
 * Name a collection and the type of its documents, which must survive `JSON.stringify`.
 * The type is believed, not checked: only one module writes a collection.
 */
export function defineCollection<Value>(name: string): Collection<Value> {
  return { name };
}

/** A document with the version that its next change can be made conditional on. */
export interface Versioned<Value> {
  readonly key: string;
  /** Grows with every write of the store and is never used again, not even after the document was deleted. */
  readonly version: number;
  readonly value: Value;
}

/** One change seen by {@link Store.watch}. */
export type Change<Value> =
  | { readonly kind: 'put'; readonly document: Versioned<Value> }
  | { readonly kind: 'delete'; readonly key: string };

/**
 * When a write is done:
 * - `synced` (default): it survives the loss of power
 * - `relaxed`: it survives the end of the process; the loss of power may take it and those before it that were relaxed
 */
export type Durability = 'synced' | 'relaxed';

export interface WriteOptions {
  /** Write only if the document still has this version, 0 meaning that it is not there; else `conflict`. */
  readonly ifVersion?: number;
  readonly durability?: Durability;
}

/**
 * Versioned documents with compare-and-set. Every method rejects with `store-corrupt` when what it reads is damaged and
 * with `disk-full` when there is no room; after a rejection nothing has changed.
 */
export interface Store {
  /** The document, or `undefined`. */
  get<Value>(collection: Collection<Value>, key: string): Promise<Versioned<Value> | undefined>;
  /** Every document of the collection in the order of their keys. */
  list<Value>(collection: Collection<Value>): Promise<Versioned<Value>[]>;
  /** Write a document; `conflict` when `ifVersion` does not hold. */
  put<Value>(
    collection: Collection<Value>,
    key: string,
    value: Value,
    options?: WriteOptions,
  ): Promise<Versioned<Value>>;
  /** Remove a document; false when it was not there. `conflict` when `ifVersion` does not hold. */
  delete(collection: Collection<unknown>, key: string, options?: WriteOptions): Promise<boolean>;
  /**
   * Changes made after the call, in order; of several changes to one document that were not read yet only the last is
   * kept. Ends without an error at `signal` and when the store is closed.
   */
  watch<Value>(collection: Collection<Value>, signal: AbortSignal): AsyncIterable<Change<Value>>;
  /** Every watch ends, every later call rejects; may be called twice. */
  close(): Promise<void>;
}
