export { type SqliteStoreOptions, openSqliteStore } from './sqlite/sqlite-store.ts';
export {
  type Change,
  type Collection,
  defineCollection,
  type Durability,
  type Store,
  type Versioned,
  type WriteOptions,
} from './store.ts';
