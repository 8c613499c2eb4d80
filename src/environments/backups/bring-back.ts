import { join } from 'node:path';
import { allocatedBytes, crashPoint, sha256File } from '../../host/index.ts';
import type { MachineBoot, MachineDisk } from '../../machines/index.ts';
import type { ImageId } from '../../model/index.ts';
import type { OperationContext } from '../../operations/index.ts';
import type { Context } from '../context.ts';
import { planPorts } from '../plan/ports.ts';
import { projectOf } from '../project-of.ts';
import type { EnvironmentRecord, Workload } from '../record.ts';
import type { EnvironmentDraft } from '../registry.ts';
import { type BackupDefinition, damaged, DISK_FILE } from './definition.ts';
import type { FoundBackup } from './find-backup.ts';
import { fetchImage } from './store-image.ts';

/** What a restored environment is made of beside its disk. */
export interface Revived {
  readonly name: string;
  readonly workload: Workload;
  readonly scratch?: true;
}

/** A backup that is being brought back. */
export interface Source {
  readonly found: FoundBackup;
  readonly definition: BackupDefinition;
}

/**
 * Makes an environment of a backup that does not run yet: its image is on this host, its record says `creating`, its disk is in its place and is what was
 * saved. What fails leaves the record, for the caller to discard.
 */
export async function bringBack(
  context: Context,
  { found, definition }: Source,
  revived: Revived,
  operation: OperationContext,
  onRecord: (record: EnvironmentRecord) => void,
): Promise<EnvironmentRecord> {
  const { backup, restic, snapshots } = found;
  const { scratch } = context.backups;
  const { signal } = operation;
  const from = { restic, snapshots, scratch, backup: backup.id };
  const image = await fetchImage(context, definition.image, from, operation);
  const { shape } = definition.environment;
  const boot = await context.baseTemplates.bootOf(image, shape);
  const draft = draftOf(definition, revived, { boot, image: image.id }, operation);
  const [record] = await context.registry.create([draft]);
  if (record === undefined) throw new Error('no environment was recorded');
  onRecord(record);
  crashPoint('backup-restore.recorded');
  const disk = await operation.step('fetch', `fetch its disk from ${backup.repository}`, async () => {
    await using place = await scratch.make(operation.id, definition.disk.bytes);
    await restic.restore(backup.id, place.path, { signal });
    crashPoint('backup-restore.fetched');
    return await checkAndPlace(
      context,
      { found, definition },
      join(place.path, DISK_FILE),
      image.diskPath,
      record,
      signal,
    );
  });
  return (await context.registry.update(record.id, { disk })) ?? record;
}

async function checkAndPlace(
  context: Context,
  { found, definition }: Source,
  path: string,
  imagePath: string,
  { id }: EnvironmentRecord,
  signal: AbortSignal,
): Promise<MachineDisk> {
  const wanted = definition.disk.hash;
  if ((await allocatedBytes(path)) === 0 || (await sha256File(path, { signal })) !== wanted)
    throw damaged(found.backup.id, 'its disk differs from what was saved');
  const verdict = await context.hypervisor.checkDisk(path, signal);
  if (!verdict.sound) throw damaged(found.backup.id, `its disk is corrupt: ${verdict.why}`);
  return context.machines.placeDisk(context.machines.directoryOf(id), path, imagePath);
}

function draftOf(
  { environment }: BackupDefinition,
  { name, workload, scratch }: Revived,
  from: { readonly boot: MachineBoot; readonly image: ImageId },
  operation: OperationContext,
): EnvironmentDraft {
  const { shape, template, hostAccess, scale, volumes } = environment;
  const project = projectOf({ name, workload });
  return {
    ...{ ...from, name, shape, template, workload, state: 'creating', services: [], operation: operation.id },
    ...(hostAccess === undefined ? {} : { hostAccess }),
    ...(scale === undefined || scratch === true ? {} : { scale }),
    ...(volumes === undefined ? {} : { volumes }),
    ...(scratch === undefined ? {} : { scratch }),
    ports: (address) => planPorts(project, workload.publish, address).ports,
  };
}
