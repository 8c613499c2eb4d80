import { type CgroupLimits, createCgroup } from '../host/index.ts';
import type { MachineSpec } from '../hypervisor/index.ts';

/** What QEMU itself needs beside guest memory, in MiB: the bound for its cgroup, not what it uses. */
const OVERHEAD_MIB = 768;
const MAX_PROCESSES = 256;

/** What the limits of a machine's control group depend on. */
export type CgroupSize = Pick<MachineSpec, 'memoryMib'>;

/** Name of the control group of a machine below `berth/`. */
export function cgroupNameOf(homeId: string, id: string): string {
  return `${homeId}-${id}`;
}

export function cgroupLimits({ memoryMib }: CgroupSize): CgroupLimits {
  return { memoryMaxBytes: (memoryMib + OVERHEAD_MIB) * 1024 * 1024, pidsMax: MAX_PROCESSES };
}

/** Makes the cgroup of a machine; the driver puts the process into it. */
export function cgroupMaker(homeId: string): (spec: MachineSpec) => ReturnType<typeof createCgroup> {
  return (spec) => createCgroup(cgroupNameOf(homeId, spec.id), cgroupLimits(spec));
}
