import type { EnvironmentId, ImageId, TemplateId } from './ids.ts';
import type { Shape } from './shape.ts';

/**
 * How well what is on a snapshot's disk holds together:
 * - `memory`: memory and disk are of one moment, so that nothing had to be written before
 * - `file-system`: the guest had written all it had and stood still, or its file system was unmounted
 * - `crash`: as after a power cut; file system and databases repair themselves with the next start
 */
export type SnapshotConsistency = 'memory' | 'file-system' | 'crash';

/** An environment at one moment, to which it can be brought back. */
export interface Snapshot {
  readonly id: TemplateId;
  /** Unique among the snapshots of its environment. */
  readonly name: string;
  /** Name of the environment that it belongs to, and with which it goes. */
  readonly environment: string;
  readonly environmentId: EnvironmentId;
  /** Name of the snapshot that it grew from; absent for a root of the tree. */
  readonly parent?: string;
  readonly createdAt: string;
  readonly description?: string;
  /** Made by Berth before a restore. */
  readonly automatic: boolean;
  /** It holds what ran, too, which goes on from there after a restore. */
  readonly memory: boolean;
  readonly consistency: SnapshotConsistency;
  /** What the environment is like now grew from this one. */
  readonly current: boolean;
  readonly image: ImageId;
  readonly shape: Shape;
  /** Bytes that only its own memory and disk layer occupy on the host. */
  readonly diskBytes: number;
  /** How many disk layers lie below its own. */
  readonly layers: number;
}

/** How the definition of an environment differs between two moments. */
export interface DefinitionChange {
  readonly what: 'service' | 'image' | 'port' | 'shape' | 'guest-image' | 'variable' | 'compose';
  readonly name: string;
  /** Absent: it was not there. */
  readonly before?: string;
  /** Absent: it is gone. */
  readonly after?: string;
}

/** What differs between two moments of an environment. */
export interface SnapshotDiff {
  readonly environment: string;
  /** Name of the earlier one. */
  readonly from: string;
  /** Name of the other; absent: the environment as it is now. */
  readonly to?: string;
  /** Bytes of disk that were written on one side or the other since both were the same: what differs is at most that. */
  readonly changedBytes: number;
  readonly definition: readonly DefinitionChange[];
}
