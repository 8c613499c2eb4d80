import { crashPoint } from '../../host/index.ts';
import { planFreeze, type SavedState, splitDisk, type TemplateManifest } from '../../machines/index.ts';
import type { SnapshotConsistency } from '../../model/index.ts';
import type { Context } from '../context.ts';
import { diskOf, freezeEnvironment, settleInterrupted, freezeSubjectOf } from '../freeze-environment.ts';
import type { EnvironmentRecord } from '../record.ts';
import { livingAncestors, snapshotsOf } from './find-snapshots.ts';
import { isUnmounted } from './is-unmounted.ts';
import { whileQuiet } from './quiesce.ts';

export interface SnapshotWish {
  readonly name: string;
  /** Also what is in memory; what does not run has none. */
  readonly memory: boolean;
  readonly description?: string;
  readonly automatic?: true;
  readonly signal: AbortSignal;
}

/** A template of an environment as it is now, which nobody keeps yet, and how well its disk holds together. */
export interface Taken {
  readonly manifest: TemplateManifest;
  readonly consistency: SnapshotConsistency;
}

/**
 * Freezes an environment in whatever state, but nobody may bring it to rest or wake it meanwhile. What is begun is in the record, and is undone after
 * a crash.
 */
export async function takeNow(
  context: Context,
  record: EnvironmentRecord,
  o: Pick<SnapshotWish, 'memory' | 'signal'>,
): Promise<Taken> {
  const session = context.sessions.find(record.id);
  const { signal } = o;
  if (session !== undefined && o.memory) {
    const { manifest } = await freezeEnvironment(context, record, { ...namesOf(record), signal });
    return { manifest, consistency: 'memory' };
  }
  if (session === undefined) {
    // What is damaged is no moment to come back to; what a restore keeps of it is kept as it is.
    await context.seals.assertUnchanged(record, { signal });
    return takeStill(context, record, o.memory ? record.asleep?.saved : undefined, signal);
  }
  let consistency: SnapshotConsistency = 'crash';
  const manifest = await split(context, record, signal, {
    machine: session.machine,
    around: async (work) => {
      consistency = await whileQuiet(context, record, session.machine, work, signal);
    },
  });
  return { manifest, consistency };
}

/** The disk of an environment whose machine does not run, with what was saved of it if that is given. */
export async function takeStill(
  context: Context,
  record: EnvironmentRecord,
  saved: SavedState | undefined,
  signal: AbortSignal,
): Promise<Taken> {
  signal.throwIfAborted();
  context.seals.stop(record.id);
  const isWhole = saved === undefined && (await isUnmounted(context, diskOf(record)));
  const manifest = await split(context, record, signal, saved === undefined ? {} : { saved });
  return { manifest, consistency: saved === undefined ? (isWhole ? 'file-system' : 'crash') : 'memory' };
}

/** Makes a snapshot of what was taken: from here on it is there, and the environment grows from it. */
export async function keepTaken(
  context: Context,
  record: EnvironmentRecord,
  { manifest, consistency }: Taken,
  { name, description, automatic, signal }: Omit<SnapshotWish, 'memory'>,
): Promise<void> {
  const all = snapshotsOf(await context.templates.list(), record.id);
  const ancestors = livingAncestors(record.grownFrom ?? [], all);
  // First, for what is not there after all does no harm.
  await context.registry.update(record.id, { grownFrom: [manifest.id, ...ancestors] });
  crashPoint('snapshot.recorded');
  const facts = {
    ...{ environment: record.id, name, ancestors, consistency },
    ...(description === undefined ? {} : { description }),
    ...(automatic === undefined ? {} : { automatic }),
  };
  await context.templates.promote(manifest, facts, signal);
  crashPoint('snapshot.complete');
}

function namesOf({ id }: EnvironmentRecord) {
  return { name: `snapshot-of-${id.slice(4)}`, kind: 'fork-point' as const };
}

async function split(
  context: Context,
  known: EnvironmentRecord,
  signal: AbortSignal,
  how: Pick<Parameters<typeof splitDisk>[2], 'machine' | 'saved' | 'around'>,
): Promise<TemplateManifest> {
  await context.merges.beforeNextLayer(known, signal);
  const record = context.registry.get(known.id);
  const subject = freezeSubjectOf(record, planFreeze(diskOf(record)), namesOf(record));
  await context.registry.update(record.id, { freezing: subject.plan });
  crashPoint('snapshot.planned');
  try {
    const { hypervisor, templates } = context;
    const { manifest, disk } = await splitDisk(hypervisor, templates, { ...subject, ...how });
    // Its former layer is the template's now, and so is its seal.
    const { [subject.disk.top]: _former, ...seals } = record.seals ?? {};
    await context.registry.update(record.id, { freezing: undefined, disk, seals });
    return manifest;
  } catch (error) {
    await settleInterrupted(context, record);
    throw error;
  }
}
