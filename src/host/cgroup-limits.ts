/** What a control group may use; what is absent is not limited. */
export interface CgroupLimits {
  /** Memory in bytes, page cache included; past it the kernel ends a process of the group. */
  memoryMaxBytes?: number;
  /** Processes and threads. */
  pidsMax?: number;
  /** Share of the CPU under contention, 1 to 10 000; the kernel's default is 100. */
  cpuWeight?: number;
}

/** A value to write into a file of a control group. */
export interface CgroupSetting {
  readonly file: string;
  readonly value: string;
}

const DEFAULT_WEIGHT = 100;
const DEFAULT_SHARES = 1024;
const MIN_SHARES = 2;
const MAX_SHARES = 262_144;

/** The limits as files of a v1 group; those of controllers mounted elsewhere are not there and are skipped by name. */
export function v1Settings(limits: CgroupLimits): CgroupSetting[] {
  const settings: CgroupSetting[] = [];
  if (limits.memoryMaxBytes !== undefined) {
    settings.push({ file: 'memory.limit_in_bytes', value: String(limits.memoryMaxBytes) });
  }
  if (limits.pidsMax !== undefined) settings.push({ file: 'pids.max', value: String(limits.pidsMax) });
  if (limits.cpuWeight !== undefined) {
    const shares = Math.round((limits.cpuWeight * DEFAULT_SHARES) / DEFAULT_WEIGHT);
    settings.push({ file: 'cpu.shares', value: String(Math.min(Math.max(shares, MIN_SHARES), MAX_SHARES)) });
  }
  return settings;
}

/** The limits as files of a v2 group (Documentation/admin-guide/cgroup-v2.rst). */
export function v2Settings(limits: CgroupLimits): CgroupSetting[] {
  const settings: CgroupSetting[] = [];
  if (limits.memoryMaxBytes !== undefined)
    settings.push({ file: 'memory.max', value: String(limits.memoryMaxBytes) });
  if (limits.pidsMax !== undefined) settings.push({ file: 'pids.max', value: String(limits.pidsMax) });
  if (limits.cpuWeight !== undefined) settings.push({ file: 'cpu.weight', value: String(limits.cpuWeight) });
  return settings;
}
