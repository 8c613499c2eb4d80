import { join } from 'node:path';
import { berthError } from '../errors/index.ts';
import { crashPoint, exists } from '../host/index.ts';
import {
  type FreezePlan,
  type FreezeSubject,
  type Frozen,
  freeze,
  planFreeze,
  settleFreeze,
  undoFreeze,
} from '../machines/index.ts';
import type { Context } from './context.ts';
import type { EnvironmentRecord, Workload } from './record.ts';

/** What a template keeps of the environment it was frozen from: enough to fork it without its parent. */
export interface FrozenWorkload
  extends Workload,
    Pick<EnvironmentRecord, 'ports' | 'services' | 'followed' | 'followedMark' | 'hostAccess'> {
  /** The parent's own address, by which its own ports are told from others. */
  readonly address: string;
}

export interface FreezeWish {
  readonly name: string;
  readonly kind: 'environment' | 'fork-point';
  readonly signal: AbortSignal;
}

/**
 * Freezes a running environment into a template; it goes on running in a new disk layer. What is going to change is written
 * down first, so that it is settled after a crash at any moment.
 */
export async function freezeEnvironment(
  context: Context,
  known: EnvironmentRecord,
  wish: FreezeWish,
): Promise<Frozen> {
  await context.merges.beforeNextLayer(known, wish.signal);
  const record = context.registry.get(known.id);
  const { machine } = context.sessions.get(record);
  const subject = freezeSubjectOf(record, planFreeze(diskOf(record)), wish);
  await context.registry.update(record.id, { freezing: subject.plan });
  crashPoint('freeze.planned');
  try {
    const { hypervisor, templates } = context;
    const frozen = await freeze(hypervisor, templates, { ...subject, machine, signal: wish.signal });
    await context.registry.update(record.id, { freezing: undefined, disk: frozen.disk });
    crashPoint('freeze.noted');
    return frozen;
  } catch (error) {
    await settleInterrupted(context, record);
    throw error;
  }
}

/** Finishes or undoes a freeze that failed, or that the daemon's end interrupted. Nothing happens when there was none. */
export async function settleInterrupted(context: Context, record: EnvironmentRecord): Promise<void> {
  const current = context.registry.get(record.id);
  const plan = current.freezing;
  if (plan === undefined || current.disk === undefined) return;
  const subject = freezeSubjectOf(current, plan, {
    name: `fork-point-${plan.template.slice(4)}`,
    kind: 'fork-point',
  });
  if (await mayHaveMoved(context, current, plan)) {
    const disk = await settleFreeze(context.hypervisor, context.templates, subject);
    await context.registry.update(current.id, { freezing: undefined, disk });
  } else {
    await undoFreeze(context.templates, current.disk, plan);
    await context.registry.update(current.id, { freezing: undefined });
  }
}

/** False only when the machine surely writes to its former layer. */
async function mayHaveMoved(context: Context, record: EnvironmentRecord, plan: FreezePlan): Promise<boolean> {
  const session = context.sessions.find(record.id);
  const top = await session?.machine.running.topLayer().catch(() => undefined);
  if (top !== undefined) return top === plan.top;
  const prepared = [join(diskOf(record).directory, plan.top), context.templates.files(plan.template).disk];
  return (await Promise.all(prepared.map(exists))).every(Boolean);
}

/** What of an environment is frozen. */
export function freezeSubjectOf(
  record: EnvironmentRecord,
  plan: FreezePlan,
  wish: Pick<FreezeWish, 'name' | 'kind'>,
): FreezeSubject {
  const workload = frozenWorkloadOf(record);
  return {
    ...{ boot: record.boot, disk: diskOf(record), plan, name: wish.name, kind: wish.kind },
    ...{ image: record.image, source: record.name, workload },
  };
}

/** What runs in an environment, for those that are made from it. */
export function frozenWorkloadOf(record: EnvironmentRecord): FrozenWorkload {
  const { workload, ports, services, address, followed, followedMark, hostAccess } = record;
  return {
    ...{ ...workload, ports, services, address },
    ...(followed === undefined ? {} : { followed }),
    ...(followedMark === undefined ? {} : { followedMark }),
    ...(hostAccess === undefined ? {} : { hostAccess }),
  };
}

/** @throws `not-running` when it has none yet */
export function diskOf(record: EnvironmentRecord): NonNullable<EnvironmentRecord['disk']> {
  if (record.disk === undefined) throw berthError('not-running', `environment "${record.name}" has no disk`);
  return record.disk;
}
