import { DatabaseSync } from 'node:sqlite';
import { BerthError, berthError } from '../../errors/index.ts';
import { corrupt, storeFailure } from './failure.ts';

/** Version of the tables; a file with a higher one was written by a newer Berth. */
export const SCHEMA_VERSION = 1;

const TABLES = `
  CREATE TABLE documents (
    collection TEXT NOT NULL,
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (collection, key)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE revision (current INTEGER NOT NULL) STRICT;
  INSERT INTO revision VALUES (0);
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

/** Opens or creates the file, checks that it is whole and of a known schema. */
export function openDatabase(path: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path);
    database.exec('PRAGMA busy_timeout = 2000');
    refuseNewer(path, database);
    refuseDamaged(path, database);
    database.exec(
      'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 8388608',
    );
    if (schemaVersion(database) === 0) database.exec(`BEGIN IMMEDIATE; ${TABLES} COMMIT`);
    return database;
  } catch (error) {
    database?.close();
    throw error instanceof BerthError ? error : storeFailure(path, error);
  }
}

function schemaVersion(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
}

function refuseNewer(path: string, database: DatabaseSync): void {
  const found = schemaVersion(database);
  if (found <= SCHEMA_VERSION) return;
  throw berthError(
    'store-newer',
    `The store ${path} has schema ${found}; this version of Berth knows schemas up to ${SCHEMA_VERSION}`,
  );
}

function refuseDamaged(path: string, database: DatabaseSync): void {
  const verdict = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
  if (verdict !== 'ok') throw corrupt(path, String(verdict));
}
