import { join } from 'node:path';
import type { Restic, Snapshot } from '../../backups/index.ts';
import { berthError } from '../../errors/index.ts';
import { allocatedBytes, copyFile, crashPoint, exists } from '../../host/index.ts';
import type { BuiltImage } from '../../images/index.ts';
import type { ImageId } from '../../model/index.ts';
import type { OperationContext } from '../../operations/index.ts';
import type { Context } from '../context.ts';
import { damaged } from './definition.ts';
import type { ScratchPlace } from './scratch.ts';
import { imageTags, storedImage } from './tags.ts';

/** In the place of the image's raw disk, most of which is empty. */
const PACKED_DISK = 'disk.qcow2';
const RAW_DISK = 'disk.raw';

/** The image of an environment. @throws `image-unknown` */
export async function imageOf(context: Context, id: ImageId): Promise<BuiltImage> {
  const image = await context.images.get(id);
  if (image !== undefined) return image;
  throw berthError('image-unknown', `the image ${id} is not on this host`);
}

/** Sees that an image is in a repository, once for all that stand on it. */
export async function storeImage(
  context: Context,
  image: BuiltImage,
  to: { readonly restic: Restic; readonly scratch: ScratchPlace },
  operation: OperationContext,
): Promise<void> {
  const { signal } = operation;
  if (storedImage(await to.restic.snapshots(signal), image.id) !== undefined) return;
  await operation.step('image', `store the guest image ${image.id}, once`, async (step) => {
    await using scratch = await to.scratch.make(
      `${operation.id}-image`,
      await allocatedBytes(image.diskPath),
    );
    const directory = join(image.diskPath, '..');
    for (const name of [...Object.keys(image.files), 'manifest.json'])
      if (name !== RAW_DISK) await copyFile(join(directory, name), join(scratch.path, name));
    const packed = { path: join(scratch.path, PACKED_DISK), format: 'qcow2' } as const;
    await context.hypervisor.convertDisk({ path: image.diskPath, format: 'raw' }, packed, signal);
    const onProgress = (share: number) => step.detail(`${Math.round(share * 100)} %`);
    await to.restic.store(scratch.path, imageTags(image.id), { signal, onProgress });
    crashPoint('backup.image-stored');
  });
}

/** Sees that the image of a backup is on this host. @throws `backup-damaged` when it is nowhere, or differs from what was built */
export async function fetchImage(
  context: Context,
  id: ImageId,
  from: {
    readonly restic: Restic;
    readonly snapshots: readonly Snapshot[];
    readonly scratch: ScratchPlace;
    readonly backup: string;
  },
  operation: OperationContext,
): Promise<BuiltImage> {
  const there = await context.images.get(id);
  if (there !== undefined) return there;
  const stored = storedImage(from.snapshots, id);
  if (stored === undefined)
    throw damaged(from.backup, `its image ${id} is neither on this host nor in the repository`);
  const { signal } = operation;
  return operation.step('image', `fetch the guest image ${id}`, async () => {
    await using scratch = await from.scratch.make(`${operation.id}-image`, 0);
    await from.restic.restore(stored.id, scratch.path, { signal });
    const packed = { path: join(scratch.path, PACKED_DISK), format: 'qcow2' } as const;
    await from.scratch.assertRoom(await allocatedBytes(packed.path));
    const raw = { path: join(scratch.path, RAW_DISK), format: 'raw' } as const;
    await context.hypervisor.convertDisk(packed, raw, signal);
    await context.images.take(scratch.path, [PACKED_DISK], signal);
    crashPoint('backup-restore.image-fetched');
    return await imageOf(context, id);
  });
}

/** Compares the stored image with its own hashes, without leaving anything. @throws `backup-damaged` */
export async function verifyImage(
  context: Context,
  id: ImageId,
  from: {
    readonly restic: Restic;
    readonly snapshots: readonly Snapshot[];
    readonly scratch: ScratchPlace;
    readonly backup: string;
  },
  operation: OperationContext,
): Promise<void> {
  const stored = storedImage(from.snapshots, id);
  if (stored === undefined) throw damaged(from.backup, `its image ${id} is not in the repository`);
  const { signal } = operation;
  await using scratch = await from.scratch.make(`${operation.id}-image`, 0);
  await from.restic.restore(stored.id, scratch.path, { signal });
  const packed = join(scratch.path, PACKED_DISK);
  if (!(await exists(packed))) throw damaged(from.backup, `its image ${id} has no disk`);
  const raw = join(scratch.path, RAW_DISK);
  await context.hypervisor.convertDisk(
    { path: packed, format: 'qcow2' },
    { path: raw, format: 'raw' },
    signal,
  );
  const wrong = await context.images.differences(scratch.path, signal);
  if (wrong.length > 0) throw damaged(from.backup, `of its image ${id} differ: ${wrong.join(', ')}`);
}
