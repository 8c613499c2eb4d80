import { Emitter } from '../base/index.ts';
import type { PullFailure } from './pull-failure.ts';

/** What went wrong with a repository of a source, and when on the clock of `performance.now()`. */
interface Note {
  readonly failure: PullFailure;
  readonly at: number;
}

const MAX_NOTES = 1_000;

/**
 * What registries refused lately. Neither the registry program nor the container engine passes such things on as they were: a
 * refusal of the registry outside reaches users as "manifest unknown". So it is written down where it is known.
 */
export class FailureNotes {
  readonly #notes = new Map<string, Note>();
  readonly #emitter = new Emitter<{ noted: string }>();

  /** Writes down a failure; `source` is the id of the cache that asked. */
  add(source: string, repository: string, failure: PullFailure): void {
    const key = keyOf(source, repository);
    this.#notes.delete(key);
    this.#notes.set(key, { failure, at: performance.now() });
    const [oldest] = this.#notes.keys();
    if (this.#notes.size > MAX_NOTES && oldest !== undefined) this.#notes.delete(oldest);
    this.#emitter.emit('noted', key);
  }

  /** The last failure since then. */
  since(source: string, repository: string, at: number): PullFailure | undefined {
    const note = this.#notes.get(keyOf(source, repository));
    return note === undefined || note.at < at ? undefined : note.failure;
  }

  /** Calls `listener` on each failure of this repository; returns what ends that. */
  watch(source: string, repository: string, listener: () => void): () => void {
    const wanted = keyOf(source, repository);
    return this.#emitter.on('noted', (key) => {
      if (key === wanted) listener();
    });
  }
}

function keyOf(source: string, repository: string): string {
  return `${source} ${repository}`;
}
