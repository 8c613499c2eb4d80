import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { berthError } from '../errors/index.ts';

// Source: the kernel's admin-guide/mm/ksm.rst and `/proc/<pid>/ksm_stat` in filesystems/proc.rst.
const KSM = '/sys/kernel/mm/ksm';
/** Of the processors that QEMU emulates or that KVM runs here. */
const PAGE_BYTES = 4096;

/** What the host's kernel does about equal pages of processes that allow it (KSM). */
export interface MemoryMerging {
  readonly isOn: boolean;
  /** Memory that is not needed because equal pages are kept once. */
  readonly savedBytes: number;
}

/** Undefined where the kernel cannot merge pages. */
export function memoryMergingNow(): MemoryMerging | undefined {
  const run = numberIn(`${KSM}/run`);
  if (run === undefined) return undefined;
  return { isOn: run === 1, savedBytes: (numberIn(`${KSM}/pages_sharing`) ?? 0) * PAGE_BYTES };
}

/** Switches merging on, or off, which gives every process pages of its own again. @throws `host-setup-failed` */
export async function switchMemoryMerging(on: boolean): Promise<void> {
  try {
    await writeFile(`${KSM}/run`, on ? '1' : '2');
  } catch (cause) {
    throw berthError('host-setup-failed', 'the kernel does not let memory be merged (KSM)', {
      remedy: 'use a kernel with CONFIG_KSM, as root',
      cause,
    });
  }
}

/** Memory of a process that stands for equal pages of others, too. 0 where the kernel does not tell, or it has ended. */
export function mergedBytesNow(pid: number): number {
  return (numberIn(`/proc/${pid}/ksm_merging_pages`) ?? 0) * PAGE_BYTES;
}

function numberIn(path: string): number | undefined {
  try {
    return Number.parseInt(readFileSync(path, 'utf8'), 10);
  } catch {
    return undefined;
  }
}
