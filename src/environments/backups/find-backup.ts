import type { Restic, Snapshot } from '../../backups/index.ts';
import { berthError } from '../../errors/index.ts';
import type { Backup } from '../../model/index.ts';
import type { Context } from '../context.ts';
import { type BackupDefinition, DEFINITION_FILE, readDefinition } from './definition.ts';
import { backupOf } from './tags.ts';

/** A backup and where it is. */
export interface FoundBackup {
  readonly backup: Backup;
  readonly restic: Restic;
  /** All that is in its repository. */
  readonly snapshots: readonly Snapshot[];
}

/** All backups of one repository, or of all, oldest first. */
export async function listBackups(
  context: Context,
  o: { readonly repository?: string | undefined; readonly environment?: string | undefined },
  signal: AbortSignal,
): Promise<Backup[]> {
  const found = await backupsIn(context, o.repository, signal);
  return found
    .map(({ backup }) => backup)
    .filter(({ environment }) => o.environment === undefined || environment === o.environment);
}

/** By the id of a backup, or the newest of an environment. @throws `not-found` */
export async function findBackup(
  context: Context,
  ref: string,
  repository: string | undefined,
  signal: AbortSignal,
): Promise<FoundBackup> {
  const all = await backupsIn(context, repository, signal);
  const found =
    all.find(({ backup }) => ref.length >= 8 && ref.startsWith(backup.id)) ??
    all.findLast(({ backup }) => backup.environment === ref);
  if (found !== undefined) return found;
  throw berthError('not-found', `there is no backup "${ref}"`, {
    remedy: 'See what there is with `./berth backup ls`.',
  });
}

/** What a backup says of its environment. @throws `backup-damaged` */
export async function definitionIn(
  { restic, backup }: FoundBackup,
  signal: AbortSignal,
): Promise<BackupDefinition> {
  return readDefinition(await restic.read(backup.id, DEFINITION_FILE, signal), backup.id);
}

async function backupsIn(
  context: Context,
  name: string | undefined,
  signal: AbortSignal,
): Promise<FoundBackup[]> {
  const { repositories } = context.backups;
  const names = name === undefined ? (await repositories.list()).map((one) => one.name) : [name];
  const found = await Promise.all(
    names.map(async (one) => {
      const { repository, restic } = await repositories.open(one);
      const snapshots = await restic.snapshots(signal);
      return snapshots.flatMap((snapshot) => {
        const backup = backupOf(snapshot, repository.name);
        return backup === undefined ? [] : [{ backup, restic, snapshots }];
      });
    }),
  );
  return found.flat().toSorted((a, b) => a.backup.createdAt.localeCompare(b.backup.createdAt));
}
