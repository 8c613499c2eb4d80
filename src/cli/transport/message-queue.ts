/** Messages that arrive by events and are read by iteration; tells its source when to rest. */
export class MessageQueue implements AsyncIterable<Uint8Array> {
  readonly #waiting: Uint8Array[] = [];
  readonly #highWater: number;
  readonly #onFlow: (flow: boolean) => void;
  #flowing = true;
  #end: { readonly error?: unknown } | undefined;
  #wake: (() => void) | undefined;

  /**
   * @param highWater messages that may wait before the source is told to rest
   * @param onFlow called with `false` when the source should rest and with `true` when it may go on
   */
  constructor(highWater: number, onFlow: (flow: boolean) => void) {
    this.#highWater = highWater;
    this.#onFlow = onFlow;
  }

  /** Takes one message in. */
  push(message: Uint8Array): void {
    this.#waiting.push(message);
    if (this.#waiting.length >= this.#highWater) this.#setFlow(false);
    this.#wake?.();
  }

  /** No more messages: iteration returns after those that wait, or throws `error` when one is given. First call counts. */
  finish(error?: unknown): void {
    this.#end ??= error === undefined ? {} : { error };
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    for (;;) {
      const message = this.#waiting.shift();
      if (message !== undefined) {
        if (this.#waiting.length < this.#highWater / 2) this.#setFlow(true);
        yield message;
      } else if (this.#end !== undefined) {
        if ('error' in this.#end) throw this.#end.error;
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = undefined;
      }
    }
  }

  #setFlow(flow: boolean): void {
    if (this.#flowing === flow) return;
    this.#flowing = flow;
    this.#onFlow(flow);
  }
}
