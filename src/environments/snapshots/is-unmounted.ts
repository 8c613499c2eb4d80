import { join } from 'node:path';
import type { MachineDisk } from '../../machines/index.ts';
import type { Context } from '../context.ts';

/** Of ext4's superblock, which begins 1024 bytes into a disk without partitions. */
const MAGIC = { offset: 0x38, value: 0xef53 } as const;
const INCOMPATIBLE_FEATURES = 0x60;
const NEEDS_RECOVERY = 0x4;

/**
 * Whether the file system on a disk was unmounted by the guest, or stopped by it, and needs no repair: its superblock says so. What cannot be
 * read is taken for one that does.
 */
export async function isUnmounted(
  { hypervisor, log }: Pick<Context, 'hypervisor' | 'log'>,
  disk: MachineDisk,
): Promise<boolean> {
  try {
    const path = join(disk.directory, disk.top);
    return needsNoRepair(await hypervisor.readDisk(path, { offset: 1024, bytes: 1024 }));
  } catch (error) {
    log.warn({ disk: disk.directory, err: error }, 'the file system of a disk could not be looked at');
    return false;
  }
}

/** @param superblock its 1024 bytes */
export function needsNoRepair(superblock: Buffer): boolean {
  if (superblock.length < 1024 || superblock.readUInt16LE(MAGIC.offset) !== MAGIC.value) return false;
  return (superblock.readUInt32LE(INCOMPATIBLE_FEATURES) & NEEDS_RECOVERY) === 0;
}
