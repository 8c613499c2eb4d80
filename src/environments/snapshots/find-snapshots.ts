import { berthError } from '../../errors/index.ts';
import type { SnapshotFacts, TemplateManifest } from '../../machines/index.ts';
import type { EnvironmentId, Snapshot, TemplateId } from '../../model/index.ts';
import type { Context } from '../context.ts';
import type { EnvironmentRecord } from '../record.ts';

/** The manifest of a template that is a snapshot. */
export interface SnapshotManifest extends TemplateManifest {
  readonly snapshot: SnapshotFacts;
}

/** The snapshots among templates, in their order: those of one environment, or all. */
export function snapshotsOf(
  templates: readonly TemplateManifest[],
  environment?: EnvironmentId,
): SnapshotManifest[] {
  return templates.flatMap((manifest) => {
    const { kind, snapshot } = manifest;
    if (kind !== 'snapshot' || snapshot === undefined) return [];
    return environment === undefined || snapshot.environment === environment
      ? [{ ...manifest, snapshot }]
      : [];
  });
}

/** By name or id. @throws `not-found` */
export async function getSnapshot(
  context: Context,
  record: EnvironmentRecord,
  ref: string,
): Promise<SnapshotManifest> {
  const all = snapshotsOf(await context.templates.list(), record.id);
  const found = all.find(({ id, snapshot }) => id === ref || snapshot.name === ref);
  if (found !== undefined) return found;
  throw berthError('not-found', `environment "${record.name}" has no snapshot "${ref}"`, {
    remedy: `See what there is with \`./berth snapshot ls ${record.name}\`.`,
  });
}

/** Which of `grownFrom` is still there; nearest first. */
export function livingAncestors(
  grownFrom: readonly TemplateId[],
  all: readonly SnapshotManifest[],
): TemplateId[] {
  const known = new Set(all.map(({ id }) => id));
  return grownFrom.filter((id) => known.has(id));
}

/** What users see of a snapshot. @param all the snapshots of its environment */
export async function viewOfSnapshot(
  context: Context,
  { id, createdAt, image, shape, diskOnly, layers, snapshot }: SnapshotManifest,
  record: EnvironmentRecord,
  all: readonly SnapshotManifest[],
): Promise<Snapshot> {
  const { name, ancestors, consistency, description, automatic = false } = snapshot;
  const nameOf = new Map(all.map((one) => [one.id, one.snapshot.name]));
  const [parentId] = livingAncestors(ancestors, all);
  const parent = parentId === undefined ? undefined : nameOf.get(parentId);
  const [current] = livingAncestors(record.grownFrom ?? [], all);
  return {
    ...{ id, name, environment: record.name, environmentId: record.id, createdAt, automatic },
    ...(parent === undefined ? {} : { parent }),
    ...(description === undefined ? {} : { description }),
    ...{ memory: !diskOnly, consistency, current: current === id, image, shape },
    diskBytes: await context.templates.diskBytes(id),
    layers: layers.length,
  };
}
