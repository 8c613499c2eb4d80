import type { Snapshot } from '../../backups/index.ts';
import type { Backup, BackupConsistency, ImageId } from '../../model/index.ts';
import type { BackupDefinition } from './definition.ts';

/** What tells backups of environments from the images that they stand on, and from what others keep in the same repository. */
const KIND = 'berth';

/** Tags by which all backups of one environment are found. */
export function environmentTags(name: string): Record<string, string> {
  return { [KIND]: 'environment', environment: name };
}

/** Tags of a backup: all that a list of them shows, and which operation made it. */
export function backupTags(
  { environment, image, consistency, disk }: BackupDefinition,
  operation: string,
): Record<string, string> {
  const { vcpus, memoryMib, diskGib } = environment.shape;
  return {
    ...environmentTags(environment.name),
    ...{ id: environment.id, image, consistency, operation },
    shape: `${vcpus}x${memoryMib}x${diskGib}`,
    bytes: String(disk.bytes),
  };
}

export function imageTags(image: ImageId): Record<string, string> {
  return { [KIND]: 'image', image };
}

/** What a list shows of it; undefined for what is no backup of an environment. */
export function backupOf(snapshot: Snapshot, repository: string): Backup | undefined {
  const { id, createdAt, host, tags } = snapshot;
  if (tags[KIND] !== 'environment') return undefined;
  const [vcpus = 0, memoryMib = 0, diskGib = 0] = (tags['shape'] ?? '').split('x').map(Number);
  return {
    ...{ id, createdAt, host, repository },
    environment: tags['environment'] ?? '',
    environmentId: tags['id'] ?? '',
    image: (tags['image'] ?? '') as ImageId,
    shape: { vcpus, memoryMib, diskGib },
    consistency:
      tags['consistency'] === 'file-system' ? 'file-system' : ('crash' satisfies BackupConsistency),
    diskBytes: Number(tags['bytes'] ?? 0),
  };
}

/** The newest stored image of this id; undefined when there is none. */
export function storedImage(snapshots: readonly Snapshot[], image: ImageId): Snapshot | undefined {
  return snapshots.findLast(({ tags }) => tags[KIND] === 'image' && tags['image'] === image);
}

/** Stored images that no backup stands on. */
export function unusedImages(snapshots: readonly Snapshot[]): string[] {
  const used = new Set(
    snapshots.filter(({ tags }) => tags[KIND] === 'environment').map(({ tags }) => tags['image']),
  );
  return snapshots
    .filter(({ tags }) => tags[KIND] === 'image' && !used.has(tags['image']))
    .map(({ id }) => id);
}

/** Names of the environments of which there are backups. */
export function environmentsIn(snapshots: readonly Snapshot[]): string[] {
  return [...new Set(snapshots.flatMap((one) => backupOf(one, '')?.environment ?? []))].sort();
}
