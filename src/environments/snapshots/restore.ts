import { join } from 'node:path';
import type { RestoreRequest } from '../../contract/index.ts';
import { berthError } from '../../errors/index.ts';
import { chown, crashPoint, permissions, processMemoryNow, removeTree, syncFile } from '../../host/index.ts';
import { assertLoadable } from '../../machines/index.ts';
import type { Operation } from '../../model/index.ts';
import type { OperationContext } from '../../operations/index.ts';
import { startAdmitted } from '../admission.ts';
import { applyWorkload } from '../apply.ts';
import { collectTemplates } from '../collect-templates.ts';
import type { Context } from '../context.ts';
import { startFollowing } from '../following.ts';
import { type FrozenWorkload, diskOf } from '../freeze-environment.ts';
import { cancelRevival } from '../guest-restart.ts';
import { bootMachine } from '../lifecycle.ts';
import { renewIdentity } from '../machine-life.ts';
import { bootOf } from '../plan/boot-of.ts';
import { bootWanted } from '../plan/machine-kind.ts';
import { publishFollowed, publishPorts, waitForPorts } from '../ports.ts';
import { projectOf } from '../project-of.ts';
import type { EnvironmentRecord } from '../record.ts';
import { assertUnclaimed } from '../registry.ts';
import { assertNoReplica } from '../replicas/start-scale.ts';
import { takeOver } from '../take-over.ts';
import { getSnapshot, livingAncestors, type SnapshotManifest, snapshotsOf } from './find-snapshots.ts';
import { park } from './park.ts';
import { type Replaced, replacedOf } from './restoring.ts';
import { snapshotName } from './snapshot-name.ts';
import { takeStill } from './take-snapshot.ts';
import { keepWhatWas } from './keep-what-was.ts';
import { tidyDisk, undoRestore } from './undo-restore.ts';

const READY_TIMEOUT_MS = 60_000;
const VERIFY_TIMEOUT_MS = 10 * 60_000;
const SEAL_TIMEOUT_MS = 30 * 60_000;

/** What a restore does. */
interface Plan {
  readonly snapshot: SnapshotManifest;
  /** What ran goes on; else the machine boots. */
  readonly withMemory: boolean;
  readonly keep: boolean;
}

/**
 * Brings an environment back to a snapshot: disk, definition and, where the snapshot has it, memory. What it was before is kept as a snapshot of its own
 * unless that is not wanted, and it goes back to that when the restored machine does not come up.
 */
export async function startRestore(
  context: Context,
  name: string,
  ref: string,
  request: RestoreRequest,
  o: { readonly idempotencyKey?: string },
): Promise<Operation> {
  await cancelRevival(context, context.registry.get(name));
  const known = context.registry.get(name);
  assertNoReplica(known);
  assertUnclaimed(known);
  diskOf(known);
  const plan = await planRestore(context, known, ref, request);
  const { ports } = workloadOf(plan.snapshot);
  await context.ingress.check(ports, known.id);
  const pid = known.process?.process.pid;
  const freedBytes = pid === undefined ? 0 : (processMemoryNow(pid)?.ownBytes ?? 0);
  const wanted = { ...bootWanted({ ...known, shape: plan.snapshot.shape }), freedBytes };
  return startAdmitted(context, wanted, () =>
    context.operations.start(
      'restore',
      [known.name],
      { id: known.id, snapshot: plan.snapshot.id, ...request },
      (operation) => restore(context, known, plan, operation),
      o,
    ),
  );
}

/** All that can be wrong with the snapshot is found out before anything is touched. */
async function planRestore(
  context: Context,
  known: EnvironmentRecord,
  ref: string,
  { memory, discard }: RestoreRequest,
): Promise<Plan> {
  const snapshot = await getSnapshot(context, known, ref);
  const { name } = snapshot.snapshot;
  if (memory === true && snapshot.diskOnly)
    throw berthError('bad-request', `snapshot "${name}" was taken without memory`, {
      problems: [{ path: 'memory', message: `snapshot "${name}" has a disk only` }],
    });
  const withMemory = memory ?? !snapshot.diskOnly;
  const remedy = `Boot from its disk instead: \`./berth snapshot restore ${known.name} ${name} --no-memory\`.`;
  if (withMemory) await assertLoadable(context.hypervisor, snapshot, remedy);
  await assertRight(context, snapshot, withMemory, AbortSignal.timeout(VERIFY_TIMEOUT_MS));
  return { snapshot, withMemory, keep: discard !== true };
}

/** Compares what is going to be used with its hashes. @throws `template-invalid` */
async function assertRight(
  { templates }: Context,
  snapshot: SnapshotManifest,
  withMemory: boolean,
  signal: AbortSignal,
): Promise<void> {
  if (withMemory || snapshot.diskOnly) return templates.verify(snapshot, signal);
  if (await templates.isDiskRight(snapshot.id, { signal })) return;
  const { name } = snapshot.snapshot;
  throw berthError('template-invalid', `the disk of snapshot "${name}" differs from what was saved`, {
    remedy: 'Restore another: `./berth snapshot ls` shows what there is.',
  });
}

async function restore(
  context: Context,
  known: EnvironmentRecord,
  plan: Plan,
  operation: OperationContext,
): Promise<{ names: string[] }> {
  const record = await context.registry.claim(known.id, operation.id);
  const { id } = record;
  let goesOn = false;
  try {
    const runs = await context.sleepers.whileSteady(id, async () => {
      try {
        return await exchange(context, context.registry.get(id), plan, operation);
      } catch (error) {
        goesOn = await undoRestore(context, id);
        throw error;
      }
    });
    await finish(context, id, plan, runs, operation);
    return { names: [record.name] };
  } catch (error) {
    if (goesOn) await context.sleepers.wake(id, 'the restore that failed').catch(() => undefined);
    throw error;
  } finally {
    await context.registry.update(id, { operation: undefined, restored: undefined });
    await collectTemplates(context);
    await context.seals.complete(id);
  }
}

/** Puts what the snapshot says in the place of what there is, up to a machine that is itself. True when one runs. */
async function exchange(
  context: Context,
  record: EnvironmentRecord,
  plan: Plan,
  operation: OperationContext,
): Promise<boolean> {
  const { snapshot } = plan;
  context.seals.stop(record.id);
  const ran = context.sessions.find(record.id) !== undefined || record.asleep !== undefined;
  await context.registry.update(record.id, { restoring: { ran } });
  crashPoint('restore.planned');
  await operation.step('keep', `keep what ${record.name} is now`, async () => {
    await context.replicas.end(record.id);
    await context.replicas.renew(record.id);
    await park(context, record, operation.signal);
    await keepBefore(context, context.registry.get(record.id), plan, operation.signal);
  });
  const replaced = await operation.step(
    'disk',
    `put the disk of ${snapshot.snapshot.name} in its place`,
    () => replace(context, context.registry.get(record.id), snapshot),
  );
  const starts = ran || plan.withMemory;
  if (starts && plan.withMemory) {
    await operation.step('start', `go on from ${snapshot.snapshot.name}`, () =>
      goOnFrom(context, replaced, snapshot, operation.signal),
    );
  } else if (starts) await bootMachine(context, replaced, operation);
  crashPoint('restore.started');
  // From here on it is the restored one, whatever happens.
  const before = plan.keep ? context.registry.get(record.id).restoring?.before : undefined;
  await context.registry.update(record.id, {
    ...{ restoring: undefined, restored: operation.id, keeping: before },
    ...{ reviving: undefined, guestRestarts: undefined, returning: undefined, returns: undefined },
    ...stateAfter(starts, plan),
  });
  crashPoint('restore.done');
  return starts;
}

function stateAfter(starts: boolean, { withMemory }: Plan): Replaced {
  if (!starts) return { state: 'stopped' };
  return withMemory ? { state: 'running', readyAt: new Date().toISOString() } : {};
}

/** The disk, and memory where it was saved, as a template from which the environment can go on. */
async function keepBefore(
  context: Context,
  record: EnvironmentRecord,
  { snapshot }: Plan,
  signal: AbortSignal,
): Promise<void> {
  const { restoring } = record;
  if (restoring === undefined) throw berthError('internal', 'a restore has lost its intent');
  const taken = await takeStill(context, record, restoring.saved?.saved, signal);
  const all = snapshotsOf(await context.templates.list(), record.id);
  const name = snapshotName('before-restore', new Date(), new Set(all.map((one) => one.snapshot.name)));
  const facts = {
    ...{ environment: record.id, name, consistency: taken.consistency, automatic: true as const },
    ancestors: livingAncestors(record.grownFrom ?? [], all),
    description: `before ${snapshot.snapshot.name} was restored`,
  };
  const before = { template: taken.manifest.id, facts };
  await syncFile(context.templates.files(before.template).disk);
  await context.registry.update(record.id, { restoring: { ...restoring, before } });
  crashPoint('restore.kept');
}

/** Gives the record what the snapshot says, and the environment an empty disk layer above the snapshot's. */
async function replace(
  context: Context,
  record: EnvironmentRecord,
  snapshot: SnapshotManifest,
): Promise<EnvironmentRecord> {
  const { directory, top: formerTop } = diskOf(record);
  const count = Number(/\d+/.exec(formerTop)?.[0] ?? 0) + 1;
  const top = `disk-${count}.qcow2`;
  await removeTree(join(directory, top));
  const disk = await context.machines.cloneDisk(directory, snapshot, top);
  const owner = await permissions(directory);
  if (owner !== undefined) await chown(join(directory, top), owner.uid, owner.gid);
  crashPoint('restore.disk-made');
  const {
    ports,
    services,
    followed,
    followedMark,
    hostAccess,
    address: _address,
    ...workload
  } = workloadOf(snapshot);
  const change = {
    ...{
      state: 'starting',
      reason: undefined,
      workload,
      ports,
      services,
      followed,
      followedMark,
      hostAccess,
    },
    ...{ image: snapshot.image, shape: snapshot.shape, boot: bootOf(snapshot), disk },
    grownFrom: [snapshot.id, ...snapshot.snapshot.ancestors],
    ...{ hostKey: undefined, readyAt: undefined, measuredDisk: undefined },
  } as const satisfies Replaced;
  const restoring = { ran: false, ...record.restoring, prior: replacedOf(record) };
  // What is put in their place was left by nobody.
  const replaced = await context.registry.update(record.id, { ...change, restoring, seals: undefined });
  if (replaced === undefined) throw berthError('not-found', `environment "${record.name}" is gone`);
  crashPoint('restore.switched');
  return replaced;
}

/** Starts the machine of the snapshot; when this resolves it is itself, and its ports accept inside. */
async function goOnFrom(
  context: Context,
  record: EnvironmentRecord,
  snapshot: SnapshotManifest,
  signal: AbortSignal,
): Promise<void> {
  const disk = diskOf(record);
  const machine = await context.machines.restore(record.id, record.boot, disk, snapshot, { signal });
  const taken = await takeOver(context, record, machine);
  const named = await renewIdentity(context, taken, machine, signal);
  await waitForPorts(context, named, { timeoutMs: READY_TIMEOUT_MS, signal });
}

/** Opens what the environment offers, and removes what it was. */
async function finish(
  context: Context,
  id: EnvironmentRecord['id'],
  { snapshot, withMemory }: Plan,
  runs: boolean,
  operation: OperationContext,
): Promise<void> {
  const record = context.registry.get(id);
  await tidyDisk(context, record);
  crashPoint('restore.tidied');
  const from = `restored from snapshot ${snapshot.snapshot.name}`;
  if (runs) {
    await degradeOnFailure(context, id, async () => {
      if (withMemory) await operation.step('publish', 'open the ports', () => openPorts(context, record));
      else await applyWorkload(context, record, projectOf(record), operation);
    });
    context.sleepers.touch(id);
  }
  context.events.append('environment.restored', record.name, from);
  // The hashes take their time, and the environment is there already.
  // To cancel it now would lose what was promised.
  await operation.step('seal', 'compute hashes of what it was', () =>
    keepWhatWas(context, id, AbortSignal.timeout(SEAL_TIMEOUT_MS)),
  );
}

async function openPorts(context: Context, record: EnvironmentRecord): Promise<void> {
  await publishPorts(context, record);
  const followed = await publishFollowed(context, record);
  await context.registry.update(record.id, { followed });
  startFollowing(context, record, { isNew: false });
}

/** The machine is there and is the restored one: what does not come up in it can be looked at. */
async function degradeOnFailure(
  context: Context,
  id: EnvironmentRecord['id'],
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    const runs = context.registry.find(id)?.process !== undefined;
    const reason = error instanceof Error ? error.message : String(error);
    await context.registry.update(id, { state: runs ? 'degraded' : 'stopped', reason });
    throw error;
  }
}

function workloadOf({ workload, snapshot }: SnapshotManifest): FrozenWorkload {
  if (workload !== undefined) return workload as FrozenWorkload;
  throw berthError('internal', `snapshot "${snapshot.name}" does not say what ran in it`);
}
