import { DatabaseSync } from 'node:sqlite';
import { BerthError, berthError } from '../../errors/index.ts';
import { corrupt, storeFailure } from './failure.ts';
import { sumOfRow } from './row-sum.ts';

/** A change of the tables, to the schema of this number. All of it happens, or nothing. */
export interface SchemaStep {
  readonly to: number;
  apply(database: DatabaseSync): void;
}

const FIRST_TABLES = `
  CREATE TABLE documents (
    collection TEXT NOT NULL,
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (collection, key)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE revision (current INTEGER NOT NULL) STRICT;
  INSERT INTO revision VALUES (0);
`;

/** What has become of the tables, in order. Steps that were released never change. */
export const SCHEMA_STEPS: readonly SchemaStep[] = [
  { to: 1, apply: (database) => database.exec(FIRST_TABLES) },
  { to: 2, apply: addSums },
];

/** SQLite finds out when its own books are wrong, and not when a letter of a document is. */
function addSums(database: DatabaseSync): void {
  database.exec('ALTER TABLE documents ADD COLUMN sum INTEGER NOT NULL DEFAULT 0');
  const update = database.prepare('UPDATE documents SET sum = ? WHERE collection = ? AND key = ?');
  for (const row of database.prepare('SELECT collection, key, version, value FROM documents').all()) {
    const [collection, key, value] = [String(row['collection']), String(row['key']), String(row['value'])];
    update.run(sumOfRow(collection, key, Number(row['version']), value), collection, key);
  }
}

export interface OpenOptions {
  /** Default {@link SCHEMA_STEPS}. */
  readonly steps?: readonly SchemaStep[];
  /** Called before the tables of a store that has some are changed; what it throws leaves them as they are. */
  readonly beforeChange?: (database: DatabaseSync, schema: number) => Promise<void>;
}

/**
 * Opens or creates the file, checks that it is whole and of a known schema, and gives it the newest.
 * @throws `store-newer`, `store-corrupt`, `store-change-failed`; the file is as it was then
 */
export async function openDatabase(path: string, o: OpenOptions = {}): Promise<DatabaseSync> {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path);
    await prepare(path, database, o);
    return database;
  } catch (error) {
    database?.close();
    throw error instanceof BerthError ? error : storeFailure(path, error);
  }
}

async function prepare(path: string, database: DatabaseSync, o: OpenOptions): Promise<void> {
  const steps = o.steps ?? SCHEMA_STEPS;
  database.exec('PRAGMA busy_timeout = 2000');
  refuseNewer(path, database, steps.at(-1)?.to ?? 0);
  refuseDamaged(path, database);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 8388608');
  const found = schemaVersion(database);
  const missing = steps.filter(({ to }) => to > found);
  if (missing.length === 0) return;
  if (found > 0) await o.beforeChange?.(database, found);
  changeSchema(path, database, missing, found);
}

/** All steps or none. */
function changeSchema(
  path: string,
  database: DatabaseSync,
  missing: readonly SchemaStep[],
  found: number,
): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    for (const step of missing) {
      step.apply(database);
      database.exec(`PRAGMA user_version = ${step.to}`);
    }
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    const cause = storeFailure(path, error);
    if (cause.code === 'disk-full') throw cause;
    throw berthError(
      'store-change-failed',
      `the store ${path} could not be changed from schema ${found} to ${missing.at(-1)?.to}: ${cause.message}`,
      { cause },
    );
  }
}

/** Number of the schema that a file has; 0 for an empty one. */
export function schemaVersion(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
}

function refuseNewer(path: string, database: DatabaseSync, known: number): void {
  const found = schemaVersion(database);
  if (found <= known) return;
  throw berthError(
    'store-newer',
    `The store ${path} has schema ${found}; this version of Berth knows schemas up to ${known}`,
  );
}

/** @throws `store-corrupt` when SQLite finds its own books in disorder */
export function refuseDamaged(path: string, database: DatabaseSync): void {
  const verdict = database.prepare('PRAGMA integrity_check(1)').get()?.['integrity_check'];
  if (verdict !== 'ok') throw corrupt(path, String(verdict));
}
