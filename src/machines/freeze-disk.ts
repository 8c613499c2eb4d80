import { join } from 'node:path';
import { asBerthError } from '../errors/index.ts';
import { chown, crashPoint, hardLink } from '../host/index.ts';
import type { Hypervisor } from '../hypervisor/index.ts';
import { adoptLayer, type FreezeRequest, manifestOf, protect, undoFreeze, writesTo } from './freeze.ts';
import { MACHINE_GID, machineUid } from './layout.ts';
import type { Machine, MachineDisk } from './machine.ts';
import type { TemplateManifest } from './template-manifest.ts';
import type { TemplateStore } from './template-store.ts';

/** A guest that is asked to write everything it has; a busy one takes a while. */
const QUIESCE_TIMEOUT_MS = 20_000;
const THAW_TIMEOUT_MS = 10_000;

export interface FrozenDisk {
  readonly manifest: TemplateManifest;
  /** The machine's disk from now on. */
  readonly disk: MachineDisk;
  /** Absent when the guest wrote all it had and stood still for the moment; else why it did not. */
  readonly unquiesced?: string;
}

/**
 * Freezes the disk of a running machine at one moment; its memory is not saved. The guest writes everything it has to its file
 * systems before, and holds them still while the disk gets its new layer. A guest that cannot do that is frozen all the same, as if the
 * power had failed.
 */
export async function freezeDisk(
  hypervisor: Hypervisor,
  templates: TemplateStore,
  request: FreezeRequest,
): Promise<FrozenDisk> {
  const { machine, disk, plan, boot, signal } = request;
  const files = await templates.prepare(plan.template);
  const overlayPath = join(disk.directory, plan.top);
  try {
    await hardLink(join(disk.directory, disk.top), files.disk);
    await hypervisor.createDisk(overlayPath, { path: files.disk, format: 'qcow2' }, boot.shape.diskGib);
    await chown(overlayPath, machineUid(machine.slot.index), MACHINE_GID);
    crashPoint('backup.layered');
    const unquiesced = await whileQuiet(machine, signal, async () => {
      crashPoint('backup.quiet');
      await machine.running.addLayer(overlayPath);
    });
    await protect(files.disk);
    const manifest = await manifestOf(hypervisor, request, { memoryOffset: 0, diskOnly: true });
    await templates.complete(manifest);
    const frozen = { manifest, disk: await adoptLayer(disk, plan) };
    return unquiesced === undefined ? frozen : { ...frozen, unquiesced };
  } catch (error) {
    if (!(await writesTo(machine, plan.top))) await undoFreeze(templates, disk, plan);
    throw error;
  }
}

/** Does something while the guest's file systems stand still; tells why they did not. */
async function whileQuiet(
  machine: Machine,
  signal: AbortSignal,
  work: () => Promise<void>,
): Promise<string | undefined> {
  let unquiesced: string | undefined;
  try {
    try {
      await machine.agent.fsfreeze({ timeoutMs: QUIESCE_TIMEOUT_MS, signal });
    } catch (error) {
      signal.throwIfAborted();
      unquiesced = asBerthError(error).message;
    }
    await work();
  } finally {
    await thawGuest(machine);
  }
  return unquiesced;
}

/** Lets the file systems of a guest go on. Nothing happens when they do; one that does not answer is told again by whoever adopts it. */
export async function thawGuest(machine: Machine): Promise<void> {
  await machine.agent.fsthaw({ timeoutMs: THAW_TIMEOUT_MS }).catch(() => undefined);
}
