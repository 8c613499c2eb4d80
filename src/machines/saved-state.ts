import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { berthError } from '../errors/index.ts';
import { chown, crashPoint, createEmptyFile, listDirectory, removeTree, syncFile } from '../host/index.ts';
import type { Hypervisor } from '../hypervisor/index.ts';
import { differencesOf, hardwareHash } from './freeze.ts';
import { MACHINE_GID, machineUid } from './layout.ts';
import type { Machine, MachineBoot, MachineDisk } from './machine.ts';

const PREFIX = 'sleep-';

/** Memory and device state of one machine at one moment, beside its disk as it was then. Good for one restore: with it the disk goes on. */
export interface SavedState {
  /** Name of the file within the machine's directory. */
  readonly file: string;
  /** Where guest memory starts in the file, in bytes. */
  readonly memoryOffset: number;
  /** Bytes that the file occupies on disk. */
  readonly bytes: number;
  readonly qemuVersion: string;
  readonly machineType: string;
  readonly hardwareHash: string;
}

/**
 * Saves a machine beside its disk; it stands still afterwards, and its process is to be ended. On disk when this resolves. What fails, or is
 * aborted, lets the machine go on and leaves no file.
 */
export async function saveMachine(
  hypervisor: Hypervisor,
  machine: Machine,
  { disk, boot }: { readonly disk: MachineDisk; readonly boot: MachineBoot },
  signal: AbortSignal,
): Promise<SavedState> {
  const file = `${PREFIX}${randomBytes(6).toString('hex')}`;
  const statePath = join(disk.directory, file);
  try {
    await createEmptyFile(statePath, 0o600);
    await chown(statePath, machineUid(machine.slot.index), MACHINE_GID);
    crashPoint('sleep.file-made');
    const installed = await hypervisor.version();
    const { memoryOffset, stateBytes } = await machine.running.save({ statePath, signal });
    await syncFile(statePath);
    signal.throwIfAborted();
    const { version: qemuVersion, machineType } = installed;
    const hash = hardwareHash(boot, installed);
    return { file, memoryOffset, bytes: stateBytes, qemuVersion, machineType, hardwareHash: hash };
  } catch (error) {
    // It runs already unless it was aborted in the very end.
    await machine.running.resume().catch(() => undefined);
    await removeTree(statePath);
    throw error;
  }
}

/** Whether a file of a machine's directory is what was saved of it. */
export function isSaved(name: string): boolean {
  return name.startsWith(PREFIX);
}

/** Removes what was saved of a machine, but for `kept`. One that is mapped already goes on without its name. */
export async function removeSaved(disk: MachineDisk, kept?: SavedState): Promise<void> {
  for (const name of await listDirectory(disk.directory))
    if (isSaved(name) && name !== kept?.file) await removeTree(join(disk.directory, name));
}

/** Checks that the same hypervisor with the same devices would load it. @throws `saved-state-invalid` with what differs */
export async function assertWakeable(
  hypervisor: Hypervisor,
  boot: MachineBoot,
  saved: SavedState,
): Promise<void> {
  const differences = await differencesOf(hypervisor, boot, saved);
  if (differences.length === 0) return;
  throw berthError('saved-state-invalid', `what was saved cannot be loaded: ${differences.join(', ')}`);
}
