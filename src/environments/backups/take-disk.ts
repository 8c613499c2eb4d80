import { join } from 'node:path';
import { allocatedBytes, crashPoint, sha256File, syncFile } from '../../host/index.ts';
import { freezeDisk, planFreeze } from '../../machines/index.ts';
import type { BackupConsistency } from '../../model/index.ts';
import type { OperationContext } from '../../operations/index.ts';
import type { Context } from '../context.ts';
import { berthError } from '../../errors/index.ts';
import { freezeSubjectOf, settleInterrupted } from '../freeze-environment.ts';
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
  const still = await operation.step('moment', `hold the disk of ${record.name} at one moment`, (step) =>
    holdStill(context, record, signal, step),
  );
  return operation.step('copy', 'copy what is on its disk', async () => {
    const sizes = await Promise.all([still.top, ...still.layers].map((path) => allocatedBytes(path)));
    await o.scratch.assertRoom(sizes.reduce((sum, bytes) => sum + bytes, 0));
    const path = join(o.directory, DISK_FILE);
    const from = { top: still.top, base: o.basePath, to: path, sizeGib: record.shape.diskGib };
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
  step: { detail(text: string): void },
): Promise<StillDisk> {
  const session = context.sessions.find(record.id);
  const current = context.registry.get(record.id);
  const disk = diskOf(current);
  const layers = disk.layers.map((id) => context.templates.files(id).disk);
  if (session === undefined) {
    const consistency = record.state === 'stopped' ? 'file-system' : 'crash';
    return { top: join(disk.directory, disk.top), layers, consistency, takenAt: new Date().toISOString() };
  }
  const plan = planFreeze(disk);
  const wish = { name: `backup-${plan.template.slice(4)}`, kind: 'fork-point' } as const;
  await context.registry.update(record.id, { freezing: plan });
  try {
    const { hypervisor, templates } = context;
    const { machine } = session;
    const frozen = await freezeDisk(hypervisor, templates, {
      ...freezeSubjectOf(current, plan, wish),
      machine,
      signal,
    });
    const takenAt = new Date().toISOString();
    crashPoint('backup.split');
    await context.registry.update(record.id, { freezing: undefined, disk: frozen.disk });
    if (frozen.unquiesced !== undefined) step.detail(`the guest did not hold still: ${frozen.unquiesced}`);
    const consistency = frozen.unquiesced === undefined ? 'file-system' : 'crash';
    return { top: templates.files(plan.template).disk, layers, consistency, takenAt };
  } catch (error) {
    await settleInterrupted(context, record);
    throw error;
  }
}

function diskOf({ disk, name }: EnvironmentRecord): NonNullable<EnvironmentRecord['disk']> {
  if (disk !== undefined) return disk;
  throw berthError('not-running', `environment "${name}" has no disk yet`);
}
