import type { PruneBackupsRequest } from '../../contract/index.ts';
import { berthError } from '../../errors/index.ts';
import type { Operation } from '../../model/index.ts';
import type { Context } from '../context.ts';
import { findBackup } from './find-backup.ts';
import { backupOf, environmentsIn, environmentTags, unusedImages } from './tags.ts';

/** Removes old backups, of each environment by itself, and then the data that nothing needs any more. */
export async function startPrune(
  context: Context,
  request: PruneBackupsRequest,
  o: { readonly idempotencyKey?: string },
): Promise<Operation> {
  const { repository, restic } = await context.backups.repositories.open(request.repository);
  const {
    keepLast: last,
    keepDaily: daily,
    keepWeekly: weekly,
    keepMonthly: monthly,
    keepYearly: yearly,
  } = request;
  const retention = { last, daily, weekly, monthly, yearly };
  const rules = Object.values(retention).filter((count) => count !== undefined);
  if (rules.length > 0 && rules.every((count) => count === 0))
    throw berthError('bad-request', 'by these rules no backup would be kept', {
      remedy:
        'Keep at least one, for example with `--keep-last 3`; remove single ones with `./berth backup rm`.',
    });
  return context.operations.start(
    'backup-prune',
    [repository.name],
    { ...request },
    async (operation) => {
      const { signal } = operation;
      const before = await restic.snapshots(signal);
      if (rules.length > 0)
        await operation.step('forget', 'choose what is kept', async () => {
          for (const name of environmentsIn(before))
            await restic.forgetOld(environmentTags(name), retention, signal);
        });
      const after = await restic.snapshots(signal);
      await restic.forget(unusedImages(after), signal);
      await operation.step('prune', 'remove data that nothing needs', () => restic.prune(signal));
      const left = new Set(after.map(({ id }) => id));
      const gone = before.filter((one) => backupOf(one, '') !== undefined && !left.has(one.id));
      return { names: gone.map(({ id }) => id) };
    },
    o,
  );
}

/** Takes one backup out of its repository; its data goes with the next prune. */
export async function removeBackup(
  context: Context,
  ref: string,
  repository: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { backup, restic } = await findBackup(context, ref, repository, signal);
  await restic.forget([backup.id], signal);
}
