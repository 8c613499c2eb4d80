/**
 * Remembers how to undo what has been done so far. Work that fails halfway calls {@link unwind}; work that
 * succeeded calls {@link dispose}.
 */
export class UndoStack {
  #entries: { readonly title: string; readonly undo: () => Promise<void> | void }[] = [];

  /** Adds the way to undo what has just been done. `title` names it in the error of an undo that fails. */
  defer(title: string, undo: () => Promise<void> | void): void {
    this.#entries.push({ title, undo });
  }

  /** Success: forgets everything, undoes nothing. May be called twice. */
  dispose(): void {
    this.#entries = [];
  }

  /**
   * Undoes everything, newest first, one after the other. A failing undo does not stop the others.
   * Returns their errors, each named by its title, empty when all went well. A second call finds nothing to do.
   */
  async unwind(): Promise<unknown[]> {
    const errors: unknown[] = [];
    for (let entry = this.#entries.pop(); entry !== undefined; entry = this.#entries.pop()) {
      try {
        await entry.undo();
      } catch (cause) {
        errors.push(new Error(`Could not undo: ${entry.title}`, { cause }));
      }
    }
    return errors;
  }
}
