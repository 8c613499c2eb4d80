/** Lets one piece of work run at a time, in the order in which they asked. */
export class Mutex {
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** True while work runs or waits. */
  get busy(): boolean {
    return this.#waiting > 0;
  }

  /** Runs `work` when all earlier work has ended, however it ended. Not reentrant: never call it from within `work`. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    this.#waiting += 1;
    const result = this.#last.then(work, work);
    this.#last = result;
    try {
      return await result;
    } finally {
      this.#waiting -= 1;
    }
  }
}

/** A {@link Mutex} per key; keys without work take no memory. */
export class KeyedMutex {
  readonly #mutexes = new Map<string, Mutex>();

  /** Runs `work` when all earlier work of the same `key` has ended. Not reentrant for one key. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const mutex = this.#mutexes.get(key) ?? new Mutex();
    this.#mutexes.set(key, mutex);
    try {
      return await mutex.run(work);
    } finally {
      if (!mutex.busy) this.#mutexes.delete(key);
    }
  }
}
