import type { Shape } from '../model/index.ts';

/** Something that is counted: all of it, and what is taken. */
export interface Counted {
  readonly total: number;
  readonly used: number;
}

/** What a host has, and what of it is free. What is absent does not limit. */
export interface HostFacts {
  readonly name: string;
  /** True for a host of a what-if. */
  readonly added: boolean;
  readonly cpus: number;
  readonly memoryTotalBytes: number;
  /** Memory that can be used without swapping. */
  readonly memoryAvailableBytes: number;
  readonly disk?: { readonly totalBytes: number; readonly freeBytes: number };
  /** Of the daemon. */
  readonly fileDescriptors?: Counted;
  /** Loopback addresses of environments. */
  readonly addresses?: Counted;
  readonly networkSlots?: Counted;
}

/**
 * How a machine begins: as a `fork` of another one, from a template without an application (`up`), from its own disk (`boot`),
 * or out of its sleep (`wake`). What it shares with others, and so what it takes, depends on it.
 */
export type MachineStartKind = 'fork' | 'up' | 'boot' | 'wake';

/** What a machine is like, for the question what it takes. */
export interface MachineKind {
  readonly start: MachineStartKind;
  readonly shape: Pick<Shape, 'vcpus' | 'memoryMib'>;
  /** What runs in it: machines of the same project take about the same. */
  readonly project?: string;
}

/** A machine that is there, running or not. */
export interface Resident extends MachineKind {
  /** Name of its environment. */
  readonly name: string;
  /** Name of its host. */
  readonly host: string;
  /**
   * - `running`: memory and CPU
   * - `held`: memory, and virtual CPUs that stand still
   * - `asleep`: neither; it wakes when somebody asks for it
   * - `down`: neither; it is started by hand
   */
  readonly life: 'running' | 'held' | 'asleep' | 'down';
  /** Memory that its end would give back; absent where it has none. */
  readonly ownBytes?: number;
  /** Disk that its own layers occupy; absent until it was measured. */
  readonly diskBytes?: number;
  /** In percent of one core, over the last while; absent until it was measured. */
  readonly cpuPercent?: number;
  /** True for a warm fork that nobody has taken: it is given up when an environment needs its room. */
  readonly pooled: boolean;
  /** True once it has run for long enough to be a measure for others. */
  readonly settled: boolean;
}

/** Machines that were admitted and do not run yet. */
export interface Admitted {
  readonly count: number;
  readonly vcpus: number;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  /** How many of them have no address yet. */
  readonly addresses: number;
}

/** What the administrator decides. */
export interface CapacitySettings {
  /** Virtual CPUs for each CPU of the host. */
  readonly vcpusPerCpu: number;
  /** Memory that is left alone for the host itself; absent: the larger of 512 MiB and 5 %. */
  readonly memoryReserveBytes?: number;
}

/** What machines of a kind were measured to take when some ran. */
export interface MeasuredUse {
  /** Of their own memory. */
  readonly medianBytes: number;
  readonly p95Bytes: number;
  /** How many were measured. */
  readonly samples: number;
}

/** All that is known of one moment. */
export interface Facts {
  readonly hosts: readonly [HostFacts, ...HostFacts[]];
  readonly residents: readonly Resident[];
  /** By {@link kindKey}: what was measured before. */
  readonly remembered: ReadonlyMap<string, MeasuredUse>;
  /** On the first host. */
  readonly admitted: Admitted;
  /** Memory of templates that running forks share, on the first host. */
  readonly sharedBytes: number;
  readonly settings: CapacitySettings;
}

export const NOTHING_ADMITTED: Admitted = { count: 0, vcpus: 0, memoryBytes: 0, diskBytes: 0, addresses: 0 };

/** The same for machines that are expected to take the same: how they began, their shape, what runs in them. */
export function kindKey({ start, shape, project = '' }: MachineKind): string {
  // One that wakes was a fork, and is one again.
  return `${start === 'wake' ? 'fork' : start}-${shape.vcpus}x${shape.memoryMib}-${project}`;
}
