/** Machines that somebody is making or keeps without a record: nobody takes what they have for left over. */
export class Holds {
  readonly #counts = new Map<string, number>();

  /** Holds a machine until the result is disposed of; twice is once. */
  hold(id: string): Disposable {
    this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1);
    let isHeld = true;
    return {
      [Symbol.dispose]: () => {
        if (!isHeld) return;
        isHeld = false;
        const left = (this.#counts.get(id) ?? 1) - 1;
        if (left === 0) this.#counts.delete(id);
        else this.#counts.set(id, left);
      },
    };
  }

  has(id: string): boolean {
    return this.#counts.has(id);
  }
}
