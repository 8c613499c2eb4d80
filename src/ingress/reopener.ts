import { sleep } from '../base/index.ts';

const FIRST_DELAY_MS = 100;
const LAST_DELAY_MS = 5_000;

/** Opens a listener again that the system took away, as soon as it can be had, until it is closed for good. */
export class Reopener {
  readonly #ending = new AbortController();
  readonly #open: () => Promise<void>;
  readonly #close: () => Promise<void>;

  constructor(o: { readonly open: () => Promise<void>; readonly close: () => Promise<void> }) {
    this.#open = o.open;
    this.#close = o.close;
  }

  /** Tries until it succeeds or {@link end} is called. Never throws. */
  async reopen(): Promise<void> {
    const { signal } = this.#ending;
    for (let delayMs = FIRST_DELAY_MS; !signal.aborted; delayMs = Math.min(delayMs * 2, LAST_DELAY_MS)) {
      try {
        await sleep(delayMs, signal);
        await this.#open();
        if (signal.aborted) await this.#close();
        return;
      } catch {
        // Tried again until somebody closes it.
      }
    }
  }

  /** Nothing is opened again from now on. */
  end(): void {
    this.#ending.abort();
  }
}
