import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { exists, listDirectory, readJson, writeAtomic } from '../host/index.ts';
import type { EnvironmentRecord } from './record.ts';

const FILE = 'record.json';
/** Several changes within this time, in ms, are one. */
const SETTLE_MS = 300;

/** An environment's record beside its disk, for the day on which the store is lost. */
interface RecordCopy {
  /** That of the document in the store: the higher is the later. */
  readonly version: number;
  /** sha256 (hex) of the record. */
  readonly hash: string;
  readonly record: EnvironmentRecord;
}

/** Writes copies of records, of each the last that was asked for. What cannot be written is missed by nobody as long as there is a store. */
export class RecordCopies {
  readonly #waiting = new Map<string, RecordCopy>();
  #writing: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  /** Returns at once. */
  write(record: EnvironmentRecord, version: number): void {
    if (record.disk === undefined) return;
    this.#waiting.set(record.disk.directory, { version, hash: hashOf(record), record });
    this.#timer ??= setTimeout(() => void this.flush(), SETTLE_MS).unref();
  }

  /** Resolves when all is written that was asked for. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#writeAll());
    return this.#writing;
  }

  async #writeAll(): Promise<void> {
    for (const [directory, copy] of this.#waiting) {
      this.#waiting.delete(directory);
      // One that is being removed must not come back.
      if (!(await exists(directory))) continue;
      await writeAtomic(join(directory, FILE), JSON.stringify(copy), { mode: 0o600 }).catch(() => undefined);
    }
  }
}

/** Records that lie beside disks, with the versions that they had in the store. One that is damaged is left out. */
export async function readRecordCopies(
  environments: string,
): Promise<{ readonly version: number; readonly record: EnvironmentRecord }[]> {
  const found: { readonly version: number; readonly record: EnvironmentRecord }[] = [];
  for (const id of await listDirectory(environments)) {
    const copy = await readJson<RecordCopy>(join(environments, id, FILE)).catch(() => undefined);
    if (copy?.record.id === id && copy.hash === hashOf(copy.record))
      found.push({ version: copy.version, record: copy.record });
  }
  return found;
}

function hashOf(record: EnvironmentRecord): string {
  return createHash('sha256').update(JSON.stringify(record)).digest('hex');
}
