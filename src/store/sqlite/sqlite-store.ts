import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import { BerthError, berthError } from '../../errors/index.ts';
import { ChangeFeed } from '../change-feed.ts';
import type { Change, Collection, Store, Versioned, WriteOptions } from '../store.ts';
import { exists, writeAtomic } from '../../host/index.ts';
import { corrupt, storeFailure } from './failure.ts';
import { type OpenOptions, openDatabase } from './open-database.ts';
import { Reserve } from './reserve.ts';
import { sumOfRow } from './row-sum.ts';
import type { StoreBackups } from './store-backups.ts';

export interface SqliteStoreOptions {
  /** File of the database, made when absent; its directory must be there. `:memory:` keeps nothing. */
  readonly path: string;
  /** Where a copy is put before the tables are changed; absent: nowhere. */
  readonly backups?: StoreBackups;
  /** For tests of what comes after this version. */
  readonly steps?: OpenOptions['steps'];
}

/** A store that can be copied while it is in use. */
export interface CopyableStore extends Store {
  /** Grows with every write. */
  revision(): number;
  /** Puts a whole copy among the others. @throws `disk-full`, `store-corrupt` */
  copyTo(backups: StoreBackups): Promise<string>;
}

const IN_MEMORY = ':memory:';

/**
 * Opens a store in one SQLite file that only its owner can read. One process at a time.
 * Fails with `store-corrupt` or `store-newer`, and then leaves the file as it is.
 */
export async function openSqliteStore({ path, backups, steps }: SqliteStoreOptions): Promise<CopyableStore> {
  if (path === IN_MEMORY) return new SqliteStore(path, await openDatabase(path), undefined);
  // The log and index beside the database get the bits that it has; an empty file is an empty database.
  if (!(await exists(path))) await createFile(path);
  const database = await openDatabase(path, {
    ...(steps === undefined ? {} : { steps }),
    beforeChange: async (known) => void (await backups?.take(known, 'before-change')),
  });
  const reserve = new Reserve(`${path}.reserve`);
  await reserve.keep();
  return new SqliteStore(path, database, reserve);
}

async function createFile(path: string): Promise<void> {
  try {
    await writeAtomic(path, '', { mode: 0o600 });
  } catch (error) {
    throw error instanceof BerthError ? error : storeFailure(path, error);
  }
}

type Row = Record<string, SQLOutputValue>;

class SqliteStore implements CopyableStore {
  private readonly path: string;
  private readonly database: DatabaseSync;
  private readonly reserve: Reserve | undefined;
  private readonly feed = new ChangeFeed();
  private readonly selectOne: StatementSync;
  private readonly selectAll: StatementSync;
  private readonly nextRevision: StatementSync;
  private readonly upsert: StatementSync;
  private readonly remove: StatementSync;

  constructor(path: string, database: DatabaseSync, reserve: Reserve | undefined) {
    this.path = path;
    this.reserve = reserve;
    this.database = database;
    const prepare = (sql: string) => database.prepare(sql);
    this.selectOne = prepare(
      'SELECT key, version, value, sum FROM documents WHERE collection = ? AND key = ?',
    );
    this.selectAll = prepare(
      'SELECT key, version, value, sum FROM documents WHERE collection = ? ORDER BY key',
    );
    this.nextRevision = prepare('UPDATE revision SET current = current + 1 RETURNING current');
    this.upsert = prepare(
      'INSERT OR REPLACE INTO documents (collection, key, version, value, sum) VALUES (?, ?, ?, ?, ?)',
    );
    this.remove = prepare('DELETE FROM documents WHERE collection = ? AND key = ?');
  }

  async get<Value>(collection: Collection<Value>, key: string): Promise<Versioned<Value> | undefined> {
    const row = this.attempt(() => this.selectOne.get(collection.name, key));
    return row === undefined ? undefined : this.parse<Value>(collection.name, row);
  }

  async list<Value>(collection: Collection<Value>): Promise<Versioned<Value>[]> {
    return this.attempt(() => this.selectAll.all(collection.name)).map((row) =>
      this.parse<Value>(collection.name, row),
    );
  }

  async put<Value>(
    collection: Collection<Value>,
    key: string,
    value: Value,
    options: WriteOptions = {},
  ): Promise<Versioned<Value>> {
    const text = JSON.stringify(value);
    const version = await this.write(options, () => {
      this.expectVersion(collection.name, key, options.ifVersion);
      const revision = Number(this.nextRevision.get()?.['current']);
      this.upsert.run(collection.name, key, revision, text, sumOfRow(collection.name, key, revision, text));
      return revision;
    });
    const document = { key, version, value };
    this.feed.publish(collection.name, { kind: 'put', document: { key, version, value: JSON.parse(text) } });
    return document;
  }

  async delete(collection: Collection<unknown>, key: string, options: WriteOptions = {}): Promise<boolean> {
    const removed = await this.write(options, () => {
      this.expectVersion(collection.name, key, options.ifVersion);
      return this.remove.run(collection.name, key).changes > 0;
    });
    if (!removed) return false;
    this.feed.publish(collection.name, { kind: 'delete', key });
    // What was removed has often made room.
    await this.reserve?.keep();
    return true;
  }

  watch<Value>(collection: Collection<Value>, signal: AbortSignal): AsyncIterable<Change<Value>> {
    return this.feed.subscribe(collection.name, signal) as AsyncIterable<Change<Value>>;
  }

  revision(): number {
    return Number(
      this.attempt(() => this.database.prepare('SELECT current FROM revision').get())?.['current'],
    );
  }

  copyTo(backups: StoreBackups): Promise<string> {
    return backups.take(this.database, 'store');
  }

  async close(): Promise<void> {
    this.feed.close();
    if (this.database.isOpen) this.database.close();
  }

  private expectVersion(collection: string, key: string, expected: number | undefined): void {
    if (expected === undefined) return;
    const found = Number(this.selectOne.get(collection, key)?.['version'] ?? 0);
    if (found === expected) return;
    throw berthError('conflict', `${collection}/${key} has version ${found}, expected ${expected}`);
  }

  /** On a full disk the reserve is given up and the write tried once more. */
  private async write<Result>(options: WriteOptions, work: () => Result): Promise<Result> {
    try {
      return this.transaction(options, work);
    } catch (error) {
      const full = error instanceof BerthError && error.code === 'disk-full';
      if (full && (await this.reserve?.giveUp()) === true) return this.transaction(options, work);
      throw error;
    }
  }

  private transaction<Result>(options: WriteOptions, work: () => Result): Result {
    const relaxed = options.durability === 'relaxed';
    return this.attempt(() => {
      // In WAL mode NORMAL leaves out the sync of each commit; the next FULL commit syncs these too.
      this.database.exec(relaxed ? 'PRAGMA synchronous = NORMAL' : 'PRAGMA synchronous = FULL');
      this.database.exec('BEGIN IMMEDIATE');
      try {
        const result = work();
        this.database.exec('COMMIT');
        return result;
      } catch (error) {
        if (this.database.isTransaction) this.database.exec('ROLLBACK');
        throw error;
      }
    });
  }

  private attempt<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      throw error instanceof BerthError ? error : storeFailure(this.path, error);
    }
  }

  private parse<Value>(collection: string, row: Row): Versioned<Value> {
    const [key, version, text] = [String(row['key']), Number(row['version']), String(row['value'])];
    if (sumOfRow(collection, key, version, text) !== Number(row['sum']))
      throw corrupt(this.path, `document ${collection}/${key} is not what was written`);
    try {
      return { key, version, value: JSON.parse(text) as Value };
    } catch (error) {
      throw corrupt(this.path, `document ${key} is no JSON`, error);
    }
  }
}
