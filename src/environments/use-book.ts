import { type Facts, type MeasuredUse, usesOf } from '../placement/index.ts';
import { defineCollection, type Store } from '../store/index.ts';

/** Kinds that were not measured for so long are forgotten. */
const KEEP_MS = 90 * 24 * 60 * 60_000;
/** A figure that has changed by less is not worth a write. */
const SAME_WITHIN = 0.05;

interface Entry extends MeasuredUse {
  /** In ms since 1970. */
  readonly measuredAt: number;
}

const collection = defineCollection<Entry>('machine-use');

/** Remembers what machines of each kind were measured to take, so that the first of them after a while need not be guessed. */
export class UseBook {
  readonly #store: Store;
  readonly #entries = new Map<string, Entry>();

  private constructor(store: Store) {
    this.#store = store;
  }

  static async open(store: Store): Promise<UseBook> {
    const book = new UseBook(store);
    for (const { key, value } of await store.list(collection)) {
      if (Date.now() - value.measuredAt < KEEP_MS) book.#entries.set(key, value);
      else await store.delete(collection, key);
    }
    return book;
  }

  /** By kind. */
  get entries(): Facts['remembered'] {
    return this.#entries;
  }

  /** Takes over what is measured now. */
  async learn(residents: Facts['residents']): Promise<void> {
    for (const [key, use] of usesOf(residents)) {
      const known = this.#entries.get(key);
      if (known !== undefined && isSame(known, use)) continue;
      const entry = { ...use, measuredAt: Date.now() };
      this.#entries.set(key, entry);
      await this.#store.put(collection, key, entry, { durability: 'relaxed' });
    }
  }
}

function isSame(one: MeasuredUse, other: MeasuredUse): boolean {
  const isNear = (a: number, b: number) => Math.abs(a - b) <= SAME_WITHIN * Math.max(a, b);
  return isNear(one.medianBytes, other.medianBytes) && isNear(one.p95Bytes, other.p95Bytes);
}
