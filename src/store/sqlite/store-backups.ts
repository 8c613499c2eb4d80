import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { BerthError } from '../../errors/index.ts';
import {
  ensureDirectory,
  fileSize,
  listDirectory,
  moveFile,
  removeTree,
  syncFile,
} from '../../host/index.ts';
import { corrupt, storeFailure } from './failure.ts';
import { refuseDamaged, schemaVersion } from './open-database.ts';
import { sumOfRow } from './row-sum.ts';

/** Copies of each kind that are kept; of the scheduled ones also the newest of each day. */
const KEPT = 24;
const KEPT_DAYS = 7;
const KEPT_BEFORE_CHANGE = 3;
const NAME = /^(store|before-change)-(\d{4}-\d{2}-\d{2})T(\d{2})-(\d{2})-(\d{2})-(\d{3})Z-schema-(\d+)\.db$/;

/** A copy of the store. */
export interface StoreBackup {
  /** Name of its file. */
  readonly name: string;
  readonly path: string;
  readonly createdAt: string;
  /** `before-change`: made before the tables were changed, for the version of Berth that was there before. */
  readonly kind: 'store' | 'before-change';
  readonly schema: number;
  readonly bytes: number;
}

/** Whole copies of the store in a directory, the oldest of which are removed. */
export class StoreBackups {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Newest first. */
  async list(): Promise<StoreBackup[]> {
    const found = await Promise.all((await listDirectory(this.#directory)).map((name) => this.#read(name)));
    return found.flatMap((one) => one ?? []).sort((a, b) => b.createdAt.localeCompare(a.createdAt));
  }

  /** Copies a database that is open, as it is now, and checks the copy. @throws `disk-full`, `store-corrupt` */
  async take(database: DatabaseSync, kind: StoreBackup['kind']): Promise<string> {
    await ensureDirectory(this.#directory, { mode: 0o700 });
    const moment = new Date().toISOString().replaceAll(/[:.]/g, '-');
    const name = `${kind}-${moment}-schema-${schemaVersion(database)}.db`;
    const draft = join(this.#directory, `.${randomBytes(6).toString('hex')}.tmp`);
    try {
      database.prepare('VACUUM INTO ?').run(draft);
      checkCopy(draft);
      await syncFile(draft);
      await moveFile(draft, join(this.#directory, name));
      await syncFile(this.#directory);
    } catch (error) {
      throw error instanceof BerthError ? error : storeFailure(draft, error);
    } finally {
      await removeTree(draft);
    }
    await this.#removeOld();
    return name;
  }

  /** Removes what an interrupted copy left. Only to be called while none is made. */
  async clean(): Promise<void> {
    for (const name of await listDirectory(this.#directory))
      if (name.endsWith('.tmp')) await removeTree(join(this.#directory, name));
  }

  async #removeOld(): Promise<void> {
    const all = await this.list();
    const scheduled = all.filter(({ kind }) => kind === 'store');
    const days = Map.groupBy(scheduled, ({ createdAt }) => createdAt.slice(0, 10));
    const daily = [...days.values()].slice(0, KEPT_DAYS).flatMap(([newest]) => newest ?? []);
    const before = all.filter(({ kind }) => kind === 'before-change').slice(0, KEPT_BEFORE_CHANGE);
    const kept = new Set([...scheduled.slice(0, KEPT), ...daily, ...before]);
    for (const one of all) if (!kept.has(one)) await removeTree(one.path);
  }

  async #read(name: string): Promise<StoreBackup | undefined> {
    const [, kind, day, hours, minutes, seconds, ms, schema] = NAME.exec(name) ?? [];
    if (kind !== 'store' && kind !== 'before-change') return undefined;
    const path = join(this.#directory, name);
    const createdAt = `${day}T${hours}:${minutes}:${seconds}.${ms}Z`;
    return { name, path, createdAt, kind, schema: Number(schema), bytes: (await fileSize(path)) ?? 0 };
  }
}

/** Looks whether a copy is whole, every document of it. @throws `store-corrupt` */
export function checkCopy(path: string): void {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { readOnly: true });
    refuseDamaged(path, database);
    if (schemaVersion(database) < 2) return;
    for (const row of database
      .prepare('SELECT collection, key, version, value, sum FROM documents')
      .iterate()) {
      const { collection, key, version, value, sum } = row;
      if (sumOfRow(String(collection), String(key), Number(version), String(value)) !== Number(sum))
        throw corrupt(path, `document ${String(collection)}/${String(key)} is not what was written`);
    }
  } catch (error) {
    throw error instanceof BerthError ? error : storeFailure(path, error);
  } finally {
    database?.close();
  }
}
