import { join } from 'node:path';
import { exists, memoryMergingNow, removeTree, switchMemoryMerging, writeAtomic } from '../host/index.ts';

/** File of a home that is there when its operator wants equal memory merged. */
const MARK = 'merge-memory';

/** Has the kernel merge equal memory of environments that allow it, now and whenever a daemon starts, or ends that. @throws `host-setup-failed` */
export async function setMemoryMerging(home: string, on: boolean): Promise<void> {
  await switchMemoryMerging(on);
  if (on) await writeAtomic(join(home, MARK), 'Equal memory is merged as long as this file is here.\n');
  else await removeTree(join(home, MARK));
}

/** Switches merging on again after the host has started, where it is wanted. @throws `host-setup-failed` */
export async function keepMemoryMerging(home: string): Promise<void> {
  if (memoryMergingNow()?.isOn !== false || !(await exists(join(home, MARK)))) return;
  await switchMemoryMerging(true);
}

/** Switches merging off if it was on for this home. @throws `host-setup-failed` */
export async function endMemoryMerging(home: string): Promise<void> {
  if (await exists(join(home, MARK))) await setMemoryMerging(home, false);
}
