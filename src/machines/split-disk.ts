import { join } from 'node:path';
import { chown, crashPoint, hardLink, permissions } from '../host/index.ts';
import type { Hypervisor } from '../hypervisor/index.ts';
import { adoptLayer, type FreezeSubject, manifestOf, protect } from './freeze.ts';
import type { Machine, MachineDisk } from './machine.ts';
import type { SavedState } from './saved-state.ts';
import type { TemplateManifest } from './template-manifest.ts';
import type { TemplateStore } from './template-store.ts';

/** What happens at the moment of a split; it calls `split` once. */
export type AroundSplit = (split: () => Promise<void>) => Promise<void>;

export interface SplitRequest extends FreezeSubject {
  /** Absent where none runs on the disk. */
  readonly machine?: Machine;
  /** What was saved of the machine with this very disk; becomes the template's memory, and stays good for one wake. */
  readonly saved?: SavedState;
  readonly around?: AroundSplit;
}

/**
 * Makes a template of a disk as it is now, without the memory of a machine that runs on it, which goes on in a new layer at once. The same plan and
 * the same settling after a failure as with `freeze`, which the caller has to see to.
 */
export async function splitDisk(
  hypervisor: Hypervisor,
  templates: TemplateStore,
  request: SplitRequest,
): Promise<{ readonly manifest: TemplateManifest; readonly disk: MachineDisk }> {
  const { machine, saved, disk, plan, boot, around = (split) => split() } = request;
  const files = await templates.prepare(plan.template);
  const overlayPath = join(disk.directory, plan.top);
  const topPath = join(disk.directory, disk.top);
  const below = { path: files.disk, format: 'qcow2' } as const;
  const owner = await permissions(topPath);
  await hardLink(topPath, files.disk);
  if (saved !== undefined) await hardLink(join(disk.directory, saved.file), files.state);
  await hypervisor.createDisk(files.overlay, below, boot.shape.diskGib);
  await hypervisor.createDisk(overlayPath, below, boot.shape.diskGib);
  if (owner !== undefined) await chown(overlayPath, owner.uid, owner.gid);
  crashPoint('snapshot.prepared');
  await around(async () => {
    await machine?.running.addLayer(overlayPath);
    crashPoint('snapshot.split');
  });
  await protect(files.disk, ...(saved === undefined ? [] : [files.state]));
  const memory = { memoryOffset: saved?.memoryOffset ?? 0, diskOnly: saved === undefined };
  const manifest = await manifestOf(hypervisor, request, memory);
  await templates.complete(manifest);
  return { manifest, disk: await adoptLayer(disk, plan) };
}
