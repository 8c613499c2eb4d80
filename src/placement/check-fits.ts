import { formatBytes } from '../base/index.ts';
import type { Problem, Shape } from '../model/index.ts';

/** What bounds a machine by itself, whatever else runs. */
export interface HostResources {
  readonly cpus: number;
  readonly memoryTotalBytes: number;
  /** Free space where disks are kept. */
  readonly diskFreeBytes: number;
}

const MEBIBYTE = 1024 ** 2;
const GIBIBYTE = 1024 ** 3;
/** The least that an empty disk of any size takes once a guest has booted on it. */
const LEAST_DISK_BYTES = 256 * MEBIBYTE;

/** Tells why a machine of `shape` could not run on `host` even alone, or has no disk: every problem, none when it can. What runs already is for admission. */
export function checkFits(shape: Shape, host: HostResources): Problem[] {
  const memoryBytes = shape.memoryMib * MEBIBYTE;
  const problems: Problem[] = [];
  if (shape.vcpus > host.cpus) {
    problems.push({
      path: 'cpus',
      message: `${shape.vcpus} virtual CPUs are more than the ${host.cpus} of this host`,
    });
  }
  if (memoryBytes > host.memoryTotalBytes) {
    const total = formatBytes(host.memoryTotalBytes);
    problems.push({
      path: 'memory',
      message: `${formatBytes(memoryBytes)} are more than the ${total} of this host`,
    });
  }
  if (host.diskFreeBytes < Math.min(LEAST_DISK_BYTES, shape.diskGib * GIBIBYTE)) {
    problems.push({
      path: 'disk',
      message: `only ${formatBytes(host.diskFreeBytes)} are free where disks are kept`,
    });
  }
  return problems;
}
