import type { ImageId } from './ids.ts';
import type { Shape } from './shape.ts';

/** A place that backups are kept in. */
export interface BackupRepository {
  readonly name: string;
  /** A directory, or `s3:https://HOST/BUCKET/PLACE`. */
  readonly location: string;
  readonly createdAt: string;
  /** File on the host with what everything in it is encrypted with; without it nothing can be restored. */
  readonly passwordFile: string;
}

/**
 * How well what is on a backup's disk holds together:
 * - `file-system`: the guest had written all it had and stood still, or its file system was unmounted
 * - `crash`: as after a power cut; file system and databases repair themselves with the next start
 */
export type BackupConsistency = 'file-system' | 'crash';

/** An environment as it was at one moment, in a repository. */
export interface Backup {
  /** Eight hex digits: restic's id of the snapshot. */
  readonly id: string;
  readonly repository: string;
  /** Name of the environment. */
  readonly environment: string;
  readonly environmentId: string;
  /** Name of the host that it ran on. */
  readonly host: string;
  readonly image: ImageId;
  readonly shape: Shape;
  readonly createdAt: string;
  readonly consistency: BackupConsistency;
  /** Bytes of the disk above its image, before anything of it was left out because it is stored already. */
  readonly diskBytes: number;
}
