import type { Operation } from '../model/index.ts';
import { defineCollection } from '../store/index.ts';

/** An operation in the store, by its id. */
export interface StoredOperation {
  readonly operation: Operation;
  /** Given up with the end of the operation: it may hold secrets. */
  readonly input?: unknown;
  readonly checkpoint?: unknown;
  readonly idempotencyKey?: string;
}

export const operationDocuments = defineCollection<StoredOperation>('operations');
