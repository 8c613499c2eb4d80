import { createHash } from 'node:crypto';
import type { Accelerator } from '../hypervisor/index.ts';
import type {
  EnvironmentId,
  ImageId,
  Shape,
  SnapshotConsistency,
  Template,
  TemplateId,
} from '../model/index.ts';

/** Version of `manifest.json`; a manifest of another version is refused, never guessed at. */
export const MANIFEST_VERSION = 1;

/** What makes a template a snapshot: one moment of one environment, with which it goes. */
export interface SnapshotFacts {
  readonly environment: EnvironmentId;
  /** Unique among the snapshots of the environment. */
  readonly name: string;
  /** The snapshots that it grew from, nearest first; some may be gone by now. */
  readonly ancestors: readonly TemplateId[];
  readonly consistency: SnapshotConsistency;
  readonly description?: string;
  /** Berth made it by itself. */
  readonly automatic?: true;
}

/**
 * `templates/<id>/manifest.json`: all that a fork needs to know, and all that must be the same when the saved state is loaded.
 * Written last, so that a directory without it is an unfinished template.
 */
export interface TemplateManifest {
  readonly version: typeof MANIFEST_VERSION;
  readonly id: TemplateId;
  readonly name: string;
  readonly kind: Template['kind'] | 'snapshot';
  readonly image: ImageId;
  readonly shape: Shape;
  readonly createdAt: string;
  /** Name of the environment it was frozen from. */
  readonly source?: string;
  readonly qemuVersion: string;
  readonly machineType: string;
  readonly accelerator: Accelerator;
  /** Hash (sha256, hex) of the guest-visible part of the command line: devices, CPU model, kernel. */
  readonly hardwareHash: string;
  readonly kernelPath: string;
  readonly initrdPath: string;
  readonly kernelArguments: readonly string[];
  /** Where guest memory starts in the file `state`, in bytes. */
  readonly memoryOffset: number;
  /** Templates whose disk layers lie below this one's, nearest first. */
  readonly layers: readonly TemplateId[];
  /** sha256 (hex) of `disk.qcow2`, and of `state` and `overlay.qcow2` where they are needed; absent until they have been computed, which a fork does not wait for. */
  readonly hashes?: { readonly state?: string; readonly disk: string; readonly overlay?: string };
  /** What ran in it when it was frozen, as the environments wrote it down; absent for a bare guest. */
  readonly workload?: unknown;
  /** Present in a snapshot. */
  readonly snapshot?: SnapshotFacts;
  /** sha256 (hex) of all else in here; absent in what was written before this was noted. */
  readonly checksum?: string;
  /** True where there is no `state`, or none any more because only the disk layer is still needed. */
  readonly diskOnly: boolean;
}

/** A manifest as it is written: with a checksum of its own. */
export function withChecksum(manifest: TemplateManifest): TemplateManifest {
  return { ...manifest, checksum: checksumOf(manifest) };
}

/** A manifest as it was before {@link withChecksum}; undefined when something of it is not what was written. */
export function intact({ checksum, ...manifest }: TemplateManifest): TemplateManifest | undefined {
  return checksum === undefined || checksum === checksumOf(manifest) ? manifest : undefined;
}

function checksumOf({ checksum: _checksum, ...manifest }: TemplateManifest): string {
  return createHash('sha256').update(JSON.stringify(manifest)).digest('hex');
}
