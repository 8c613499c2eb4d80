import { join } from 'node:path';
import { allocatedBytes, crashPoint, sha256File, syncFile } from '../../host/index.ts';
import type { BackupConsistency, TemplateId } from '../../model/index.ts';
import type { OperationContext } from '../../operations/index.ts';
import type { Context } from '../context.ts';
import { diskOf } from '../freeze-environment.ts';
import { isUnmounted } from '../snapshots/is-unmounted.ts';
import { takeNow } from '../snapshots/take-snapshot.ts';
import type { EnvironmentRecord } from '../record.ts';
import { DISK_FILE } from './definition.ts';
import type { ScratchPlace } from './scratch.ts';

/** The disk of an environment as it was at one moment, and how whole what is on it is. */
export interface TakenDisk {
  readonly path: string;
  readonly bytes: number;
  readonly hash: string;
  readonly consistency: BackupConsistency;
  /** When it was as it is here. */
  readonly takenAt: string;
}

/** Layers of a disk that do not change. */
interface StillDisk {
  readonly top: string;
  readonly layers: readonly string[];
  readonly consistency: BackupConsistency;
  readonly takenAt: string;
}

/**
 * Copies the disk of a claimed environment, as it is at one moment, into one layer over its image. A machine that runs goes on; it stands
 * still for some milliseconds.
 */
export async function takeDisk(
  context: Context,
  record: EnvironmentRecord,
  o: { readonly scratch: ScratchPlace; readonly directory: string; readonly basePath: string },
  operation: OperationContext,
): Promise<TakenDisk> {
  const { signal } = operation;
  const still = await operation.step('moment', `hold the disk of ${record.name} at one moment`, () =>
    holdStill(context, record, signal),
  );
  return operation.step('copy', 'copy what is on its disk', async () => {
    const sizes = await Promise.all([still.top, ...still.layers].map((path) => allocatedBytes(path)));
    await o.scratch.assertRoom(sizes.reduce((sum, bytes) => sum + bytes, 0));
    const path = join(o.directory, DISK_FILE);
    const layers = [still.top, ...still.layers];
    const from = { layers, base: o.basePath, to: path, sizeGib: record.shape.diskGib };
    await context.hypervisor.copyLayers(from, signal);
    crashPoint('backup.copied');
    await syncFile(path);
    const { consistency, takenAt } = still;
    const hash = await sha256File(path, { signal });
    return { path, hash, bytes: await allocatedBytes(path), consistency, takenAt };
  });
}

async function holdStill(
  context: Context,
  record: EnvironmentRecord,
  signal: AbortSignal,
): Promise<StillDisk> {
  if (context.sessions.find(record.id) === undefined) {
    const disk = diskOf(context.registry.get(record.id));
    const consistency = (await isUnmounted(context, disk)) ? 'file-system' : 'crash';
    const layers = disk.layers.map((id) => context.templates.files(id).disk);
    return { top: join(disk.directory, disk.top), layers, consistency, takenAt: new Date().toISOString() };
  }
  const { manifest, consistency } = await takeNow(context, record, { memory: false, signal });
  const takenAt = new Date().toISOString();
  crashPoint('backup.split');
  const pathOf = (id: TemplateId) => context.templates.files(id).disk;
  return {
    ...{ top: pathOf(manifest.id), layers: manifest.layers.map(pathOf), takenAt },
    consistency: consistency === 'crash' ? 'crash' : 'file-system',
  };
}
