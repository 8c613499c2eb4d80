import { crashPoint } from '../host/index.ts';
import { berthError } from '../errors/index.ts';
import type { Operation } from '../model/index.ts';
import type { OperationContext } from '../operations/index.ts';
import { collectTemplates } from './collect-templates.ts';
import type { Context } from './context.ts';
import { discard } from './fork.ts';
import { bootMachine, memoryBack } from './lifecycle.ts';
import { endMachine } from './machine-life.ts';
import type { EnvironmentRecord } from './record.ts';
import { assertHasVolumes, keepVolumes } from './volumes/keep-volumes.ts';
import type { KeptSet } from './volumes/kept-volumes.ts';

/** How an environment is removed. */
export interface RemoveRequest {
  /** Keep its named volumes for the next environment of its name. */
  readonly keepVolumes?: boolean | undefined;
}

/**
 * Removes an environment with its disk, whatever its state; cancels what is being done to it. Until the volumes that are to be kept are safe nothing is
 * removed.
 */
export async function startRemove(
  context: Context,
  name: string,
  request: RemoveRequest,
  o: { readonly idempotencyKey?: string },
): Promise<Operation> {
  const known = context.registry.get(name);
  if (known.state === 'removing')
    throw berthError('conflict', `environment "${known.name}" is being removed already`);
  if (request.keepVolumes === true) assertHasVolumes(known);
  return context.operations.start(
    'rm',
    [known.name],
    { id: known.id, ...request },
    (operation) => removeNow(context, known, request, operation),
    o,
  );
}

/** Removes it; may be called again for what an earlier daemon did not finish. */
export async function removeNow(
  context: Context,
  known: EnvironmentRecord,
  request: RemoveRequest,
  operation: OperationContext,
): Promise<{ names: string[] }> {
  const isKeeping = request.keepVolumes === true;
  await cancelOther(context, known);
  await context.merges.stop(known.id);
  const record = context.registry.find(known.id);
  if (record === undefined) return { names: [known.name] };
  const kept = isKeeping ? await keepAll(context, record, operation) : undefined;
  await context.registry.update(record.id, { state: 'removing', operation: operation.id });
  crashPoint('remove.noted');
  await operation.step('remove', `remove ${record.name}`, async (step) => {
    const back = await memoryBack(record);
    await context.replicas.end(record.id);
    if (record.replicaOf === undefined) await discard(context, record);
    else await context.replicas.remove(record);
    await collectTemplates(context);
    step.detail(back);
  });
  const what = kept === undefined ? '' : `; ${kept.volumes.length} of its volumes are kept`;
  context.events.append('environment.removed', record.name, `removed with its disk${what}`);
  return { names: [record.name] };
}

async function cancelOther(context: Context, known: EnvironmentRecord): Promise<void> {
  const operation = context.registry.find(known.id)?.operation;
  if (operation === undefined) return;
  await context.operations.cancel(operation);
  await context.operations.wait(operation);
}

/** Keeps the volumes of an environment in any state; one that does not run is booted for it. A failure leaves it as it was. */
async function keepAll(
  context: Context,
  known: EnvironmentRecord,
  operation: OperationContext,
): Promise<KeptSet | undefined> {
  const record = await context.registry.claim(known.id, operation.id);
  assertHasVolumes(record);
  const isRunning = context.sessions.isReachable(record.id);
  try {
    if (isRunning) await context.registry.update(record.id, { state: 'stopping' });
    else {
      // What may run of it cannot be spoken with.
      await endMachine(context, record, { graceMs: 0 });
      await bootMachine(context, record, operation);
    }
    return await keepVolumes(context, context.registry.get(record.id), operation);
  } catch (error) {
    if (!isRunning) await endMachine(context, context.registry.get(record.id), { graceMs: 0 });
    const { state, reason } = record;
    const before = !isRunning && record.process !== undefined ? 'stopped' : state;
    await context.registry.update(record.id, { state: before, reason, operation: undefined });
    throw error;
  }
}
