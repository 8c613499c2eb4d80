import type {
  BackupQuery,
  BackupRequest,
  PruneBackupsRequest,
  RepositoryRequest,
  RestoreBackupRequest,
  VerifyBackupRequest,
} from '../../contract/index.ts';
import type { Backup, BackupRepository, Operation } from '../../model/index.ts';
import type { Context } from '../context.ts';
import { startBackup } from './create-backup.ts';
import { listBackups } from './find-backup.ts';
import { removeBackup, startPrune } from './prune-backups.ts';
import { startRestore } from './restore-backup.ts';
import { startVerify } from './verify-backup.ts';

interface StartOptions {
  readonly idempotencyKey?: string;
}

/** Everything that users do with backups. */
export class BackupOperations {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  repositories(): Promise<readonly BackupRepository[]> {
    return this.#context.backups.repositories.list();
  }

  addRepository(request: RepositoryRequest, signal: AbortSignal): Promise<BackupRepository> {
    return this.#context.backups.repositories.add(request, signal);
  }

  removeRepository(name: string): Promise<void> {
    return this.#context.backups.repositories.remove(name);
  }

  list(query: BackupQuery, signal: AbortSignal): Promise<readonly Backup[]> {
    return listBackups(this.#context, query, signal);
  }

  create(request: BackupRequest, options: StartOptions): Promise<Operation> {
    return startBackup(this.#context, request, options);
  }

  verify(ref: string, request: VerifyBackupRequest, options: StartOptions): Promise<Operation> {
    return startVerify(this.#context, ref, request, options);
  }

  restore(ref: string, request: RestoreBackupRequest, options: StartOptions): Promise<Operation> {
    return startRestore(this.#context, ref, request, options);
  }

  prune(request: PruneBackupsRequest, options: StartOptions): Promise<Operation> {
    return startPrune(this.#context, request, options);
  }

  remove(ref: string, repository: string | undefined, signal: AbortSignal): Promise<void> {
    return removeBackup(this.#context, ref, repository, signal);
  }
}
