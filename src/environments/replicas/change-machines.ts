import { crashPoint } from '../../host/index.ts';
import { deadlineSignal, formatDuration } from '../../base/index.ts';
import { assertLoadable, type TemplateManifest } from '../../machines/index.ts';
import { DEFAULT_DRAIN_MS } from '../../model/index.ts';
import type { OperationContext } from '../../operations/index.ts';
import { collectTemplates } from '../collect-templates.ts';
import type { Context } from '../context.ts';
import { discard, forkReplicas, sealLater } from '../fork.ts';
import { freezeEnvironment } from '../freeze-environment.ts';
import { replicaNames } from '../plan/replica-names.ts';
import type { EnvironmentRecord } from '../record.ts';
import { policyOf } from './policy-of.ts';

/**
 * Removes replicas that do not run, adds others until `wanted` machines answer, then removes those that are too many, or that are of an
 * earlier state of the environment: what goes is replaced already.
 */
export async function changeMachines(
  context: Context,
  record: EnvironmentRecord,
  replicas: readonly EnvironmentRecord[],
  wanted: number,
  operation: OperationContext,
): Promise<void> {
  const isScaled = policyOf(record) !== undefined;
  const template = isScaled ? await ensureTemplate(context, record, operation) : undefined;
  const running = replicas.filter((one) => isSound(context, one, undefined));
  const dead = replicas.filter((one) => !running.includes(one));
  await Promise.all(dead.map((one) => drainAndRemove(context, record, one, operation)));
  const sound = running.filter((one) => isSound(context, one, template));
  const missing = wanted - 1 - sound.length;
  if (missing > 0 && template !== undefined) await add(context, record, template, missing, operation);
  const kept = new Set(sound.slice(0, Math.max(0, wanted - 1)).map(({ id }) => id));
  const going = running.filter(({ id }) => !kept.has(id));
  await Promise.all(going.map((one) => drainAndRemove(context, record, one, operation)));
  if (!isScaled) await forgetTemplate(context, record);
  if (going.length + dead.length > 0) await collectTemplates(context);
}

/** Whether a replica runs, answers, and was made of what its environment is now. */
export function isSound(
  context: Context,
  replica: EnvironmentRecord,
  template: Pick<TemplateManifest, 'id'> | undefined,
): boolean {
  const runs = replica.state === 'running' && context.sessions.find(replica.id) !== undefined;
  return runs && (template === undefined || replica.template === template.id);
}

/** What replicas are made of: the environment as it was when the first was asked for, or after the last `up`. */
async function ensureTemplate(
  context: Context,
  record: EnvironmentRecord,
  operation: OperationContext,
): Promise<TemplateManifest> {
  const { replicaTemplate } = record;
  const known = replicaTemplate === undefined ? undefined : await context.templates.find(replicaTemplate);
  const isUsable =
    known !== undefined &&
    context.templates.isTrustable(known) &&
    (await assertLoadable(context.hypervisor, known).then(
      () => true,
      () => false,
    ));
  if (known !== undefined && isUsable) return known;
  if (known !== undefined) await context.pools.remove(known.id);
  return operation.step('freeze', `freeze ${record.name}`, async () => {
    const { signal } = operation;
    const claimed = await context.registry.claim(record.id, operation.id);
    try {
      const name = `replicas-${operation.id.slice(3)}`;
      const frozen = await freezeEnvironment(context, claimed, { name, kind: 'fork-point', signal });
      await context.registry.update(record.id, { replicaTemplate: frozen.manifest.id });
      crashPoint('scale.template-made');
      sealLater(context, frozen.manifest);
      return frozen.manifest;
    } finally {
      await context.registry.update(record.id, { operation: undefined });
    }
  });
}

async function add(
  context: Context,
  record: EnvironmentRecord,
  template: TemplateManifest,
  count: number,
  operation: OperationContext,
): Promise<void> {
  const taken = new Set(context.registry.list().map(({ name }) => name));
  const names = replicaNames(record.name, count, taken);
  await forkReplicas(context, record, template, names, operation);
  crashPoint('scale.forked');
  for (const name of names) {
    const replica = context.registry.find(name);
    if (replica === undefined) continue;
    context.replicas.join(replica);
    const ms = replica.fork?.readyMs ?? 0;
    const warm = replica.fork?.warm === true ? ', from a warm fork' : '';
    context.events.append(
      'replica.added',
      record.name,
      `${name} answers, too, after ${formatDuration(ms)}${warm}`,
    );
  }
}

async function drainAndRemove(
  context: Context,
  record: EnvironmentRecord,
  replica: EnvironmentRecord,
  operation: OperationContext,
): Promise<void> {
  const { drainMs = DEFAULT_DRAIN_MS } = record.scale ?? record.workload.replicas ?? {};
  await operation.step(`remove-${replica.name}`, `remove ${replica.name}`, async (step) => {
    const runs = isSound(context, replica, undefined);
    step.detail('wait for its connections to end');
    const left = await context.ingress.drain(
      record.id,
      replica.id,
      deadlineSignal(drainMs, operation.signal),
    );
    if (operation.signal.aborted) context.replicas.join(replica);
    operation.signal.throwIfAborted();
    crashPoint('scale.drained');
    await context.registry.update(replica.id, { state: 'removing' });
    crashPoint('scale.removing');
    await discard(context, replica);
    const cut =
      left === 0 ? 'no connection was cut' : `${left} connections were cut after ${formatDuration(drainMs)}`;
    const how = runs ? cut : 'it did not run any more';
    step.detail(how);
    context.events.append('replica.removed', record.name, `${replica.name} is gone; ${how}`);
  });
}

async function forgetTemplate(context: Context, { id, replicaTemplate }: EnvironmentRecord): Promise<void> {
  if (replicaTemplate === undefined) return;
  await context.pools.remove(replicaTemplate);
  await context.registry.update(id, { replicaTemplate: undefined });
  await collectTemplates(context);
}
