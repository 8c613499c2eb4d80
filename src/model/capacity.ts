import type { Shape } from './shape.ts';

/** What can run out on a host. */
export type CapacityDimensionName =
  | 'memory'
  | 'vcpus'
  | 'disk'
  | 'idle-cpu'
  | 'file-descriptors'
  | 'addresses'
  | 'network-slots';

/** One of the things that can run out: how much there is, what one more machine takes, how many more that gives. */
export interface CapacityDimension {
  readonly name: CapacityDimensionName;
  /** `bytes`; `percent` of one core; or a `count`. */
  readonly unit: 'bytes' | 'percent' | 'count';
  readonly total: number;
  /** What is left for new machines: reserve, expected growth and what was admitted already are taken out. */
  readonly room: number;
  /** What one more takes. */
  readonly each: number;
  /** All resources divided by the shape: how many there would be in all if nothing were shared. Absent where the shape has no such figure. */
  readonly naive?: number;
  /** How many more fit. */
  readonly more: number;
  /** True where nothing is admitted beyond it; false where it is only told. */
  readonly binding: boolean;
}

/** One host, or one of a what-if. */
export interface HostCapacity {
  readonly name: string;
  /** True for a host that is not there: one of `--add-host`. */
  readonly added: boolean;
  /** Machines that run on it. */
  readonly running: number;
  /** Machines of the shape that it would hold in all if nothing were shared: the smallest of its dimensions. */
  readonly naive: number;
  /** How many more fit: the smallest of its binding dimensions. */
  readonly more: number;
  /** The dimension that {@link more} comes from. */
  readonly limitedBy: CapacityDimensionName;
  readonly dimensions: readonly CapacityDimension[];
}

/** What one more machine is expected to take. */
export interface ExpectedUse {
  /** Memory of its own, with head room for growth. */
  readonly memoryBytes: number;
  readonly diskBytes: number;
  /** While nobody asks it anything, in percent of one core. */
  readonly cpuPercent: number;
  /**
   * - `kind`: measured at machines of the same project, shape and start
   * - `remembered`: at such machines as ran before
   * - `shape`: at others of that shape and start
   * - `assumed`: a share of the shape
   */
  readonly basis: 'kind' | 'remembered' | 'shape' | 'assumed';
  /** Machines that were measured. */
  readonly samples: number;
  /** Of their own memory; absent when none was measured. */
  readonly medianBytes?: number;
  readonly p95Bytes?: number;
}

/** All that sleep wake at the same moment. */
export interface WakeStorm {
  /** How many would wake. */
  readonly machines: number;
  /** How many of them find room. */
  readonly fitting: number;
  readonly fits: boolean;
  /** Memory that they would take, and that is left for them. */
  readonly memoryNeededBytes: number;
  readonly memoryRoomBytes: number;
  readonly vcpusNeeded: number;
  readonly vcpusRoom: number;
}

/** The loss of the largest host. */
export interface HostLoss {
  readonly host: string;
  /** Environments on it. */
  readonly environments: number;
  /** How many of them the other hosts have room for. */
  readonly elsewhere: number;
  readonly lost: number;
}

/** An answer to `--count`. */
export interface CountAnswer {
  readonly asked: number;
  readonly fits: boolean;
  /** How many fit of those asked for. */
  readonly fitting: number;
}

/** How many more machines fit, what limits, and what would be if. */
export interface CapacityReport {
  readonly shape: Pick<Shape, 'vcpus' | 'memoryMib'>;
  /** Environment or template of which forks are asked for; absent: of any environment of the shape. */
  readonly source?: string;
  readonly expected: ExpectedUse;
  /** Memory that is left alone for the host itself. */
  readonly memoryReserveBytes: number;
  /** Memory of templates that running forks share, which must stay in memory too. */
  readonly memorySharedBytes: number;
  /** Memory that running machines are expected to grow by. */
  readonly memoryGrowthBytes: number;
  /** Memory of machines that were admitted and do not run yet. */
  readonly memoryAdmittedBytes: number;
  /** Memory of warm forks, which are given up when an environment needs the room; part of what is used now. */
  readonly memoryPooledBytes: number;
  readonly hosts: readonly HostCapacity[];
  /** Over all hosts. */
  readonly naive: number;
  readonly more: number;
  readonly limitedBy: CapacityDimensionName;
  readonly wakeStorm: WakeStorm;
  readonly hostLoss: HostLoss;
  /** Present when a count was asked for. */
  readonly count?: CountAnswer;
}
