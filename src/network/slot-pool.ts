/** How a {@link SlotPool} gets and gives back its members. */
export interface SlotPoolOptions<T> {
  /** How many ready members it keeps; 0 makes each one when it is asked for. */
  readonly size: number;
  /** How long after the last take it waits before it makes new ones, in ms: takes come in bursts and need the CPU. */
  readonly refillDelayMs: number;
  create(signal?: AbortSignal): Promise<T>;
  destroy(member: T): Promise<void>;
  /** Called when a member could not be made in the background; the next take or `refill` tries again. */
  onFillError(error: unknown): void;
}

/** Members made ahead of time. */
export class SlotPool<T> {
  readonly #options: SlotPoolOptions<T>;
  readonly #ready: T[] = [];
  #filling: Promise<void> | undefined;
  #refillTimer: NodeJS.Timeout | undefined;
  #open = false;

  constructor(options: SlotPoolOptions<T>) {
    this.#options = options;
  }

  /** Members that can be taken at once. */
  get ready(): number {
    return this.#ready.length;
  }

  /** Whether a member can be taken at once. */
  holds(is: (member: T) => boolean): boolean {
    return this.#ready.some(is);
  }

  /** Starts to fill in the background. May be called again, also after {@link drain}. */
  open(): void {
    this.#open = true;
    this.refill();
  }

  /** A ready member, or a new one when none is ready. */
  async take(signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    const member = this.#ready.shift() ?? (await this.#options.create(signal));
    this.#scheduleRefill();
    return member;
  }

  /** Fills up in the background; does nothing when it is full, closed or at it already. */
  refill(): void {
    if (!this.#open || this.#filling !== undefined) return;
    this.#filling = this.#fill().finally(() => {
      this.#filling = undefined;
    });
  }

  /** Stops filling and destroys what is ready. */
  async drain(): Promise<void> {
    this.#open = false;
    clearTimeout(this.#refillTimer);
    await this.#filling;
    const failures: unknown[] = [];
    for (const member of this.#ready.splice(0)) {
      await this.#options.destroy(member).catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }

  #scheduleRefill(): void {
    if (!this.#open) return;
    clearTimeout(this.#refillTimer);
    this.#refillTimer = setTimeout(() => this.refill(), this.#options.refillDelayMs);
    this.#refillTimer.unref();
  }

  async #fill(): Promise<void> {
    try {
      while (this.#open && this.#ready.length < this.#options.size) {
        this.#ready.push(await this.#options.create());
      }
    } catch (error) {
      this.#options.onFillError(error);
    }
  }
}
