import { join } from 'node:path';
import type { VerifyBackupRequest } from '../../contract/index.ts';
import { crashPoint, sha256File } from '../../host/index.ts';
import type { Operation } from '../../model/index.ts';
import type { OperationContext } from '../../operations/index.ts';
import { startAdmitted } from '../admission.ts';
import { applyWorkload } from '../apply.ts';
import type { Context } from '../context.ts';
import { discard } from '../fork.ts';
import { bootMachine } from '../lifecycle.ts';
import { projectOf } from '../project-of.ts';
import type { EnvironmentRecord, Workload } from '../record.ts';
import { bringBack, type Source } from './bring-back.ts';
import { damaged, DISK_FILE } from './definition.ts';
import { definitionIn, findBackup } from './find-backup.ts';
import { verifyImage } from './store-image.ts';

const LOOK_TIMEOUT_MS = 50_000;

/**
 * Shows that a backup is good: its repository is whole, its disk and image are what was saved, and, unless only hashes are wanted, an
 * environment made of it boots and its services become ready. Nothing of that stays.
 */
export async function startVerify(
  context: Context,
  ref: string,
  request: VerifyBackupRequest,
  o: { readonly idempotencyKey?: string },
): Promise<Operation> {
  const found = await findBackup(context, ref, request.repository, AbortSignal.timeout(LOOK_TIMEOUT_MS));
  const definition = await definitionIn(found, AbortSignal.timeout(LOOK_TIMEOUT_MS));
  const source = { found, definition };
  const { id, repository } = found.backup;
  const begin = (work: (operation: OperationContext) => Promise<void>) =>
    context.operations.start(
      'backup-verify',
      [id],
      { backup: id, repository },
      async (operation) => {
        await checkStored(context, source, operation);
        await work(operation);
        const how = request.quick === true ? 'its hashes are right' : 'it boots and becomes ready';
        context.events.append('backup.verified', found.backup.environment, `${id} in ${repository}: ${how}`);
        return { names: [id] };
      },
      o,
    );
  if (request.quick === true) return begin(async () => undefined);
  const { shape } = definition.environment;
  const name = `verify-${id}`;
  const kind = { start: 'boot', shape, project: definition.workload.project } as const;
  return startAdmitted(context, { kind, names: [name], onceDiskBytes: definition.disk.bytes }, () =>
    begin((operation) => tryOut(context, source, name, operation)),
  );
}

async function checkStored(
  context: Context,
  { found, definition }: Source,
  operation: OperationContext,
): Promise<void> {
  const { backup, restic, snapshots } = found;
  const { scratch } = context.backups;
  const { signal } = operation;
  await operation.step('repository', `check the repository ${backup.repository}`, () =>
    restic.check({ data: false, signal }),
  );
  await operation.step('hashes', 'compare what is stored with its hashes', async () => {
    await verifyImage(
      context,
      definition.image,
      { restic, snapshots, scratch, backup: backup.id },
      operation,
    );
    await using place = await scratch.make(`${operation.id}-hashes`, definition.disk.bytes);
    await restic.restore(backup.id, place.path, { signal });
    const hash = await sha256File(join(place.path, DISK_FILE), { signal });
    if (hash !== definition.disk.hash) throw damaged(backup.id, 'its disk differs from what was saved');
  });
}

/** Runs it once, with nothing that reaches beyond its machine. */
async function tryOut(
  context: Context,
  source: Source,
  name: string,
  operation: OperationContext,
): Promise<void> {
  const workload = scratchWorkload(source.definition.workload);
  let record: EnvironmentRecord | undefined;
  try {
    record = await bringBack(context, source, { name, workload, scratch: true }, operation, (made) => {
      record = made;
    });
    crashPoint('backup-verify.placed');
    await bootMachine(context, record, operation);
    await applyWorkload(context, context.registry.get(record.id), projectOf(record), operation);
    crashPoint('backup-verify.ran');
  } finally {
    if (record !== undefined) await discard(context, context.registry.find(record.id) ?? record);
  }
}

/** Without ports beyond its own address, and without rest, replicas or a start of its own. */
function scratchWorkload({ idle: _idle, replicas: _replicas, ...workload }: Workload): Workload {
  return { ...workload, publish: [], restart: 'no' };
}
