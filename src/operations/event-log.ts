import type { BerthEvent } from '../model/index.ts';
import { defineCollection, type Store } from '../store/index.ts';
import { LatestValue } from './latest-value.ts';

export interface EventLogOptions {
  readonly store: Store;
  readonly now: () => Date;
  /** How many events are kept, default 1000. */
  readonly keep?: number;
  /** Told when an event could not be written; it is still told to followers. */
  readonly onError?: (error: unknown) => void;
}

/** What happened, newest last; bounded, and kept across the end of the daemon. */
export interface EventLog {
  /** Add an event; returns at once, it is written soon after and may be lost with the host's power. */
  append(kind: string, subject: string, message: string): BerthEvent;
  /** Kept events with a sequence above `after` (default 0), oldest first. */
  list(after?: number): readonly BerthEvent[];
  /** The same, then each new one, until `signal`. A reader slower than the log's length misses events. */
  follow(after: number, signal: AbortSignal): AsyncIterable<BerthEvent>;
  /** Resolves when every event so far is written. */
  flush(): Promise<void>;
}

const eventDocuments = defineCollection<BerthEvent>('events');

/** Loads the events of earlier daemons; sequences go on from the last. */
export async function createEventLog(options: EventLogOptions): Promise<EventLog> {
  const documents = await options.store.list(eventDocuments);
  const events = documents.map((document) => document.value);
  return new StoredEventLog(options, events);
}

class StoredEventLog implements EventLog {
  readonly #options: EventLogOptions;
  readonly #events: BerthEvent[];
  readonly #sequence: LatestValue<number>;
  #written: Promise<unknown> = Promise.resolve();

  constructor(options: EventLogOptions, events: BerthEvent[]) {
    this.#options = options;
    this.#events = events;
    this.#sequence = new LatestValue(events.at(-1)?.sequence ?? 0);
  }

  append(kind: string, subject: string, message: string): BerthEvent {
    const sequence = this.#sequence.value + 1;
    const event = { sequence, at: this.#options.now().toISOString(), kind, subject, message };
    this.#events.push(event);
    const dropped = this.#events.splice(0, this.#events.length - (this.#options.keep ?? 1000));
    this.#write(event, dropped);
    this.#sequence.value = sequence;
    this.#sequence.announce();
    return event;
  }

  list(after = 0): readonly BerthEvent[] {
    // Searched from the end: followers ask for the newest few.
    const index = this.#events.findLastIndex((event) => event.sequence <= after);
    return this.#events.slice(index + 1);
  }

  async *follow(after: number, signal: AbortSignal): AsyncGenerator<BerthEvent> {
    // A sequence that was not reached yet comes from a home that is no more.
    let last = Math.min(after, this.#sequence.value);
    for await (const _ of this.#sequence.read(signal)) {
      for (const event of this.list(last)) {
        if (signal.aborted) return;
        last = event.sequence;
        yield event;
      }
    }
  }

  async flush(): Promise<void> {
    await this.#written;
  }

  #write(event: BerthEvent, dropped: readonly BerthEvent[]): void {
    const { store, onError = () => undefined } = this.#options;
    this.#written = this.#written
      .then(async () => {
        await store.put(eventDocuments, keyOf(event), event, { durability: 'relaxed' });
        for (const old of dropped) await store.delete(eventDocuments, keyOf(old), { durability: 'relaxed' });
      })
      .catch(onError);
  }
}

/** Keys sort as the sequences do. */
function keyOf(event: BerthEvent): string {
  return String(event.sequence).padStart(16, '0');
}
