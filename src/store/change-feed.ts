import type { Change } from './store.ts';

/** What one watcher has not read yet: the last change of each document, oldest first. */
class Pending {
  private readonly changes = new Map<string, Change<unknown>>();
  private wake: () => void = () => undefined;
  private ended = false;

  add(change: Change<unknown>): void {
    const key = change.kind === 'put' ? change.document.key : change.key;
    this.changes.delete(key);
    this.changes.set(key, change);
    this.wake();
  }

  end(): void {
    this.ended = true;
    this.wake();
  }

  async *read(): AsyncGenerator<Change<unknown>> {
    while (!this.ended) {
      for (const [key, change] of this.changes) {
        this.changes.delete(key);
        yield change;
        if (this.ended) return;
      }
      if (this.changes.size > 0 || this.ended) continue;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }
}

/** Tells watchers of changes, by collection. */
export class ChangeFeed {
  private readonly watchers = new Map<string, Set<Pending>>();

  publish(collection: string, change: Change<unknown>): void {
    for (const pending of this.watchers.get(collection) ?? []) pending.add(change);
  }

  /** Counts from the call on, not from the first read. */
  subscribe(collection: string, signal: AbortSignal): AsyncGenerator<Change<unknown>> {
    const pending = new Pending();
    const watchers = this.watchers.get(collection) ?? new Set();
    this.watchers.set(collection, watchers.add(pending));
    const end = () => {
      watchers.delete(pending);
      signal.removeEventListener('abort', end);
      pending.end();
    };
    if (signal.aborted) end();
    else signal.addEventListener('abort', end);
    return readThen(pending, end);
  }

  close(): void {
    for (const watchers of this.watchers.values()) for (const pending of watchers) pending.end();
    this.watchers.clear();
  }
}

async function* readThen(pending: Pending, finish: () => void): AsyncGenerator<Change<unknown>> {
  try {
    yield* pending.read();
  } finally {
    finish();
  }
}
