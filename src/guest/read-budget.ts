/** A guest has a few hundred bytes to say; one that floods the line is read no faster than this. */
const BYTES_PER_SECOND = 64 * 1024;
const BURST_BYTES = 256 * 1024;

/** How much may be read from a guest: a burst, then a steady trickle, so that a flood costs the host next to nothing. */
export class ReadBudget {
  #left = BURST_BYTES;
  #atMs = 0;

  /** Takes what has been read at `nowMs` (a clock that only goes forward); gives how long to read no more, in ms. */
  spend(bytes: number, nowMs: number): number {
    const earned = ((nowMs - this.#atMs) / 1_000) * BYTES_PER_SECOND;
    this.#left = Math.min(BURST_BYTES, this.#left + earned) - bytes;
    this.#atMs = nowMs;
    return this.#left >= 0 ? 0 : (-this.#left / BYTES_PER_SECOND) * 1_000;
  }
}
