import type { SnapshotRequest } from '../../contract/index.ts';
import { formatBytes } from '../../base/index.ts';
import { berthError } from '../../errors/index.ts';
import { diskSpace } from '../../host/index.ts';
import type { Operation } from '../../model/index.ts';
import type { OperationContext } from '../../operations/index.ts';
import { collectTemplates } from '../collect-templates.ts';
import type { Context } from '../context.ts';
import type { EnvironmentRecord } from '../record.ts';
import { assertUnclaimed } from '../registry.ts';
import { assertNoReplica } from '../replicas/start-scale.ts';
import { snapshotsOf } from './find-snapshots.ts';
import { snapshotName } from './snapshot-name.ts';
import { keepTaken, takeNow } from './take-snapshot.ts';

const MIB = 1024 ** 2;
/** Left for everything else. */
const SPARE_BYTES = 256 * MIB;

/** Takes a snapshot of an environment in any state; it goes on as it was. */
export async function startSnapshot(
  context: Context,
  ref: string,
  request: SnapshotRequest,
  o: { readonly idempotencyKey?: string },
): Promise<Operation> {
  const known = context.registry.get(ref);
  assertNoReplica(known);
  assertUnclaimed(known);
  assertTakeable(known, request);
  if (request.memory === true && known.asleep === undefined) await assertRoom(context, known);
  const taken = new Set(
    snapshotsOf(await context.templates.list(), known.id).map(({ snapshot }) => snapshot.name),
  );
  if (request.name !== undefined && taken.has(request.name))
    throw berthError('name-taken', `environment "${known.name}" has a snapshot "${request.name}" already`);
  const name = request.name ?? snapshotName('at', new Date(), taken);
  return context.operations.start(
    'snapshot',
    [known.name],
    { id: known.id, ...request, name },
    (operation) => create(context, known, { ...request, name }, operation),
    o,
  );
}

function assertTakeable(known: EnvironmentRecord, { memory }: SnapshotRequest): void {
  const remedy = `See why: \`./berth inspect ${known.name}\`.`;
  if (known.disk === undefined || known.state === 'creating' || known.state === 'removing')
    throw berthError('not-running', `environment "${known.name}" is ${known.state}`, { remedy });
  if (known.unresponsive === true)
    throw berthError('not-running', `the machine of "${known.name}" does not answer`, { remedy });
  if (memory === true && known.process === undefined && known.asleep === undefined)
    throw berthError(
      'not-running',
      `environment "${known.name}" is ${known.state}: it has no memory to keep`,
      {
        remedy: 'Leave out `--memory`.',
      },
    );
}

/** Memory is written in full at worst. What fails on the way is undone, but a host without a free byte helps nobody. */
async function assertRoom(context: Context, { name, shape }: EnvironmentRecord): Promise<void> {
  const { freeBytes: availableBytes } = await diskSpace(context.home);
  const neededBytes = shape.memoryMib * MIB;
  if (availableBytes > neededBytes + SPARE_BYTES) return;
  const figures = `up to ${formatBytes(neededBytes)} needed, ${formatBytes(availableBytes)} left`;
  throw berthError('disk-full', `no room for the memory of "${name}": ${figures}`);
}

async function create(
  context: Context,
  known: EnvironmentRecord,
  wish: SnapshotRequest & { readonly name: string },
  operation: OperationContext,
): Promise<{ names: string[] }> {
  const record = await context.registry.claim(known.id, operation.id);
  const wasFrozen = context.sessions.find(record.id)?.isFrozen === true;
  const cause = record.rest?.cause ?? 'asked for';
  try {
    // Only a guest that runs can write what it has; to stop it again costs nothing.
    if (wasFrozen) await context.sleepers.wake(record.id, '`berth snapshot create`');
    await context.sleepers.whileSteady(record.id, () => take(context, record.id, wish, operation));
  } finally {
    await context.registry.update(record.id, { operation: undefined });
    await collectTemplates(context);
    if (wasFrozen) await freezeAgain(context, record, cause);
  }
  context.events.append('environment.snapshot', record.name, `snapshot ${wish.name} taken`);
  return { names: [wish.name] };
}

async function take(
  context: Context,
  id: EnvironmentRecord['id'],
  { name, memory = false, description }: SnapshotRequest & { readonly name: string },
  operation: OperationContext,
): Promise<void> {
  const { signal } = operation;
  const record = context.registry.get(id);
  const taken = await operation.step('take', `take snapshot ${name} of ${record.name}`, async (step) => {
    const result = await takeNow(context, record, { memory, signal });
    if (result.consistency === 'crash') step.detail('crash-consistent: the guest did not stop writing');
    return result;
  });
  await operation.step('seal', 'compute hashes', () =>
    keepTaken(context, context.registry.get(id), taken, {
      ...{ name, signal },
      ...(description === undefined ? {} : { description }),
    }),
  );
}

async function freezeAgain(context: Context, record: EnvironmentRecord, cause: string): Promise<void> {
  await context.sleepers.rest(record.id, 'frozen', { cause }).catch((error: unknown) => {
    context.log.warn({ environment: record.name, err: error }, 'an environment that stood still runs now');
  });
}
