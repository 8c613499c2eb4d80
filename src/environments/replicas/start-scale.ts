import { crashPoint } from '../../host/index.ts';
import type { ScaleRequest } from '../../contract/index.ts';
import { berthError } from '../../errors/index.ts';
import {
  DEFAULT_COOL_DOWN_MS,
  DEFAULT_DRAIN_MS,
  DEFAULT_SCALE_VALUES,
  type Operation,
  type ReplicaPolicy,
} from '../../model/index.ts';
import type { Context } from '../context.ts';
import type { OperationContext } from '../../operations/index.ts';
import type { EnvironmentRecord } from '../record.ts';
import { assertUnclaimed } from '../registry.ts';

/** @throws `conflict` for a replica: what is asked for is asked of its environment */
export function assertNoReplica(record: EnvironmentRecord | undefined): void {
  if (record?.replicaOf === undefined) return;
  const of = record.parent ?? record.replicaOf;
  throw berthError('conflict', `"${record.name}" is a replica of "${of}"`, {
    remedy: `Ask it of \`${of}\`: its replicas follow.`,
  });
}

/** Has as many machines answer at the ports of an environment as are asked for. A failure leaves it with those that it had. */
export async function startScale(
  context: Context,
  name: string,
  request: ScaleRequest,
  o: { readonly idempotencyKey?: string },
): Promise<Operation> {
  const known = context.registry.get(name);
  assertNoReplica(known);
  assertUnclaimed(known);
  if (known.state !== 'running')
    throw berthError('not-running', `environment "${known.name}" is ${known.state}`, {
      remedy: `Only one that runs can have replicas; start it with \`./berth start ${known.name}\`.`,
    });
  return context.operations.start(
    'scale',
    [known.name],
    { id: known.id, ...request },
    (operation) => scaleNow(context, known, request, operation),
    o,
  );
}

/** Makes the number right; may be called again for what an earlier daemon did not finish. */
export async function scaleNow(
  context: Context,
  known: EnvironmentRecord,
  request: ScaleRequest,
  operation: OperationContext,
): Promise<{ names: string[] }> {
  const { scale } = context.registry.get(known.id);
  await context.registry.update(known.id, { scale: fixed(request) });
  crashPoint('scale.noted');
  try {
    await context.replicas.change(known.id, request.replicas, operation);
  } catch (error) {
    await context.registry.update(known.id, { scale });
    throw error;
  }
  return { names: [known.name] };
}

function fixed({ replicas, drainMs = DEFAULT_DRAIN_MS }: ScaleRequest): ReplicaPolicy {
  return {
    ...{ min: replicas, max: replicas, target: 'connections', value: DEFAULT_SCALE_VALUES.connections },
    ...{ coolDownMs: DEFAULT_COOL_DOWN_MS, drainMs },
  };
}
