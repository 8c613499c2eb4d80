/** A typed event emitter: `Events` maps each event's name to the value it carries. */
export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<(value: never) => void>>();

  /** Calls `listener` on each later `emit(name, …)`; returns the function that ends this, which may be called twice. */
  on<Name extends keyof Events>(name: Name, listener: (value: Events[Name]) => void): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners);
    // Wrapped, so that one function registered twice is called twice and taken off one by one.
    const entry = (value: Events[Name]) => listener(value);
    listeners.add(entry);
    return () => {
      listeners.delete(entry);
    };
  }

  /**
   * Calls every listener of `name` in the order of registration. A listener that throws does not keep the
   * others from being called; what it threw is thrown afterwards (an AggregateError when there are several).
   */
  emit<Name extends keyof Events>(name: Name, value: Events[Name]): void {
    const errors: unknown[] = [];
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        (listener as (value: Events[Name]) => void)(value);
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length === 1) throw errors[0];
    if (errors.length > 1)
      throw new AggregateError(errors, `${errors.length} listeners of ${String(name)} failed`);
  }
}
