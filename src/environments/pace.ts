/** The closest that two turns follow each other. */
const INTERVAL_MS = 100;
/** Turns that may follow so closely; then they come as slowly as they are earned. */
const BURST = 20;
const EARNED_EACH_MS = 2_000;

/**
 * When work that a guest brings about may be done again: at once after a while of rest, every two seconds when it never rests.
 * Times are of a clock that only goes forward, in ms.
 */
export class Pace {
  #turns = BURST;
  #atMs = 0;

  /** Takes a turn; gives how long to wait before it, in ms. */
  take(nowMs: number): number {
    const sinceMs = nowMs - this.#atMs;
    this.#turns = Math.min(BURST, this.#turns + sinceMs / EARNED_EACH_MS) - 1;
    const waitMs = this.#turns >= 0 ? Math.max(0, INTERVAL_MS - sinceMs) : -this.#turns * EARNED_EACH_MS;
    this.#atMs = nowMs;
    return waitMs;
  }
}
