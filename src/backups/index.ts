export { Repositories, type RepositoryRequest } from './repositories.ts';
export type { Restic, Retention } from './restic.ts';
export type { Snapshot, Stored } from './restic-output.ts';
