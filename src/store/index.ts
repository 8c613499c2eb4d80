export { type CopyableStore, type SqliteStoreOptions, openSqliteStore } from './sqlite/sqlite-store.ts';
export { type StoreBackup, StoreBackups, checkCopy } from './sqlite/store-backups.ts';
export { type SchemaStep, SCHEMA_STEPS } from './sqlite/open-database.ts';
export {
  type Change,
  type Collection,
  defineCollection,
  type Durability,
  type Store,
  type Versioned,
  type WriteOptions,
} from './store.ts';
