import { join } from 'node:path';
import { formatBytes } from '../../base/index.ts';
import type { BackupRequest } from '../../contract/index.ts';
import { berthError } from '../../errors/index.ts';
import { crashPoint, writeJson } from '../../host/index.ts';
import type { EnvironmentState, Operation } from '../../model/index.ts';
import type { OperationContext } from '../../operations/index.ts';
import type { Context } from '../context.ts';
import type { EnvironmentRecord } from '../record.ts';
import { assertUnclaimed } from '../registry.ts';
import { DEFINITION_FILE, DISK_FILE, definitionOf } from './definition.ts';
import { imageOf, storeImage } from './store-image.ts';
import { backupTags } from './tags.ts';
import { takeDisk, type TakenDisk } from './take-disk.ts';

/** A look at a repository when nobody waits. */
const SETTLE_TIMEOUT_MS = 5 * 60_000;

type Depth = Extract<EnvironmentState, 'frozen' | 'asleep'>;

/** Stores an environment as it is at one moment in a repository. @throws `not-found`, `not-running` without a disk, `conflict`, `tool-missing` */
export async function startBackup(
  context: Context,
  request: BackupRequest,
  o: { readonly idempotencyKey?: string },
): Promise<Operation> {
  const known = context.registry.get(request.environment);
  assertUnclaimed(known);
  assertWhole(known);
  const { repository } = await context.backups.repositories.open(request.repository);
  await imageOf(context, known.image);
  return context.operations.start(
    'backup',
    [known.name],
    { id: known.id, repository: repository.name },
    async (operation) => {
      const id = await backUp(context, known, repository.name, operation);
      crashPoint('backup.tidied');
      return { names: [id] };
    },
    o,
  );
}

function assertWhole({ name, state, disk, unresponsive, replicaOf }: EnvironmentRecord): void {
  if (replicaOf !== undefined)
    throw berthError('bad-request', `"${name}" is a replica; what it holds belongs to its environment`, {
      remedy: 'Back up the environment that it answers for: `./berth ls` shows which.',
    });
  const isHalf = state === 'creating' || state === 'removing' || state === 'failed';
  if (disk !== undefined && !isHalf && unresponsive !== true) return;
  const why = unresponsive === true ? 'has a machine that does not answer' : `is ${state}`;
  throw berthError('not-running', `environment "${name}" ${why}; there is nothing whole to back up`, {
    remedy: `See why: \`./berth inspect ${name}\`.`,
  });
}

async function backUp(
  context: Context,
  known: EnvironmentRecord,
  repositoryName: string,
  operation: OperationContext,
): Promise<string> {
  const { scratch, repositories } = context.backups;
  const { restic } = await repositories.open(repositoryName);
  const { signal } = operation;
  const image = await imageOf(context, known.image);
  await using place = await scratch.make(operation.id, 0);
  const { record, taken } = await takeAwake(context, known, operation, (claimed) =>
    takeDisk(context, claimed, { scratch, directory: place.path, basePath: image.diskPath }, operation),
  );
  const { bytes, hash, consistency, takenAt } = taken;
  const disk = { file: DISK_FILE, bytes, hash };
  const definition = definitionOf(record, { createdAt: takenAt, consistency, disk });
  await writeJson(join(place.path, DEFINITION_FILE), definition, { mode: 0o600 });
  await storeImage(context, image, { restic, scratch }, operation);
  const stored = await operation.step('store', `store it in ${repositoryName}`, async (step) => {
    const onProgress = (share: number) => step.detail(`${Math.round(share * 100)} %`);
    const done = await restic.store(place.path, backupTags(definition, operation.id), { signal, onProgress });
    step.detail(`${formatBytes(bytes)} on its disk, ${formatBytes(done.addedBytes)} of it new`);
    return done;
  });
  crashPoint('backup.stored');
  const what = `${stored.id} in ${repositoryName}, ${formatBytes(stored.addedBytes)} new`;
  context.events.append('environment.backed-up', record.name, what);
  return stored.id;
}

/**
 * Tells what has become of a backup that was under way when the daemon before ended: it is in its repository, or was never made.
 */
export async function settleBackup(
  context: Context,
  operation: Operation['id'],
  input: unknown,
): Promise<{ readonly names: readonly string[] }> {
  const { repository } = input as { readonly repository: string };
  const { restic } = await context.backups.repositories.open(repository);
  const stored = (await restic.snapshots(AbortSignal.timeout(SETTLE_TIMEOUT_MS))).find(
    ({ tags }) => tags['operation'] === operation,
  );
  if (stored !== undefined) return { names: [stored.id] };
  throw berthError('cancelled', 'the daemon ended before the backup was stored; nothing of it is left', {
    remedy: 'Repeat the command.',
  });
}

/**
 * Works with an environment that nothing else changes meanwhile. One that rests is woken for it, so that its guest writes what it has, and
 * comes to rest again.
 */
async function takeAwake(
  context: Context,
  known: EnvironmentRecord,
  operation: OperationContext,
  work: (record: EnvironmentRecord) => Promise<TakenDisk>,
): Promise<{ readonly record: EnvironmentRecord; readonly taken: TakenDisk }> {
  const { state } = context.registry.get(known.id);
  const depth = state === 'frozen' || state === 'asleep' ? state : undefined;
  await context.sleepers.awake(known.id, '`berth backup create`');
  try {
    using _use = context.sleepers.use(known.id);
    const record = await context.registry.claim(known.id, operation.id);
    crashPoint('backup.claimed');
    try {
      return { record, taken: await work(record) };
    } finally {
      await context.registry.update(known.id, { operation: undefined });
    }
  } finally {
    if (depth !== undefined) await restAgain(context, known, depth);
  }
}

/** It was used for nothing but its backup. What fails here leaves it awake, as its own policy wants it. */
async function restAgain(context: Context, { id, name }: EnvironmentRecord, depth: Depth): Promise<void> {
  try {
    await context.sleepers.rest(id, depth, { cause: 'it rested before its backup' });
  } catch (error) {
    context.log.warn(
      { environment: name, err: error },
      'an environment did not come to rest after its backup',
    );
  }
}
