import { join } from 'node:path';
import { parseCompose } from '../../compose/index.ts';
import type { DiskExtent } from '../../hypervisor/index.ts';
import type { SnapshotDiff } from '../../model/index.ts';
import type { Context } from '../context.ts';
import { diskOf, type FrozenWorkload, frozenWorkloadOf } from '../freeze-environment.ts';
import { type Definition, definitionChanges } from '../plan/definition-changes.ts';
import { coveredBytes, layersAbove } from '../plan/disk-extents.ts';
import { mountableOf } from '../mountable-directories.ts';
import type { EnvironmentRecord } from '../record.ts';
import { getSnapshot, type SnapshotManifest } from './find-snapshots.ts';

/** One side of a comparison. */
interface Side {
  /** Its disk layers, uppermost first; those of templates by their ids. */
  readonly chain: readonly string[];
  /** The uppermost. */
  readonly path: string;
  readonly definition: Definition;
}

/** Tells what differs between a snapshot and another, or the environment as it is. Nothing is changed, and the guest's files are not looked at. */
export async function diffSnapshots(
  context: Context,
  record: EnvironmentRecord,
  ref: string,
  to: string | undefined,
): Promise<SnapshotDiff> {
  const from = await getSnapshot(context, record, ref);
  const other = to === undefined ? undefined : await getSnapshot(context, record, to);
  const before = sideOf(context, from);
  const after = other === undefined ? sideOfNow(record) : sideOf(context, other);
  const extents = await Promise.all([ownExtents(context, before, after), ownExtents(context, after, before)]);
  return {
    ...{ environment: record.name, from: from.snapshot.name },
    ...(other === undefined ? {} : { to: other.snapshot.name }),
    changedBytes: coveredBytes(extents.flat()),
    definition: definitionChanges(before.definition, after.definition),
  };
}

async function ownExtents(context: Context, side: Side, other: Side): Promise<readonly DiskExtent[]> {
  const layers = layersAbove(side.chain, other.chain);
  return layers === 0 ? [] : context.hypervisor.extentsOf(side.path, layers);
}

function sideOf(context: Context, { id, layers, workload, shape, image }: SnapshotManifest): Side {
  const path = context.templates.files(id).disk;
  return { chain: [id, ...layers], path, definition: definitionOf(workload as FrozenWorkload, shape, image) };
}

function sideOfNow(record: EnvironmentRecord): Side {
  const { directory, top, layers } = diskOf(record);
  const definition = definitionOf(frozenWorkloadOf(record), record.shape, record.image);
  return { chain: [top, ...layers], path: join(directory, top), definition };
}

function definitionOf(
  { compose, variables, ports, projectDirectory: directory, files: shared }: FrozenWorkload,
  shape: Definition['shape'],
  image: string,
): Definition {
  const mountable = mountableOf(directory, shared);
  const { project } = parseCompose(compose, { variables, partial: true, files: { directory, mountable } });
  return { project: project ?? { services: [] }, compose, variables, ports, shape, image };
}
