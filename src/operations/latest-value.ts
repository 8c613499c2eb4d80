/** A value that changes, for readers of different speed: each gets the newest value it has not had, and no queue grows. */
export class LatestValue<Value> {
  #value: Value;
  #revision = 0;
  #ended = false;
  readonly #sleepers = new Set<() => void>();

  constructor(value: Value) {
    this.#value = value;
  }

  get value(): Value {
    return this.#value;
  }

  /** Change the value without telling anyone; {@link announce} does. */
  set value(value: Value) {
    this.#value = value;
    this.#revision += 1;
  }

  /** Wake those who wait. */
  announce(): void {
    for (const wake of [...this.#sleepers]) wake();
  }

  /** The value is final: readers get it and end. */
  end(): void {
    this.#ended = true;
    this.announce();
  }

  /** The value now and after each announced change, until the end or `signal`. */
  async *read(signal?: AbortSignal): AsyncGenerator<Value> {
    let seen = -1;
    while (signal?.aborted !== true) {
      if (seen !== this.#revision) {
        seen = this.#revision;
        yield this.#value;
      } else if (this.#ended) {
        return;
      } else {
        await this.#sleep(signal);
      }
    }
  }

  #sleep(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#sleepers.delete(wake);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      this.#sleepers.add(wake);
      signal?.addEventListener('abort', wake);
    });
  }
}
