/** What has passed gives its place back with this; more calls than one do nothing. */
export type Leave = () => void;

/**
 * Lets those who have waited through in their order, a few at a time. A guest that has just been woken takes hundreds of connections at once for a
 * flood: its kernel answers with SYN cookies, loses the end of some handshakes, and their clients learn it a minute later.
 */
export class Turnstile {
  readonly #places: number;
  readonly #waiting: ((leave: Leave) => void)[] = [];
  #inside = 0;

  constructor(places: number) {
    this.#places = places;
  }

  /** Resolves when there is a place; it is kept until the function that this yields is called. */
  enter(): Promise<Leave> {
    if (this.#inside < this.#places) return Promise.resolve(this.#admit());
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #admit(): Leave {
    this.#inside += 1;
    let hasLeft = false;
    return () => {
      if (hasLeft) return;
      hasLeft = true;
      this.#inside -= 1;
      this.#waiting.shift()?.(this.#admit());
    };
  }
}
