import { berthError } from '../errors/index.ts';
import type { LifecycleRequest } from '../contract/index.ts';
import { crashPoint, memoryUse, processMemoryNow } from '../host/index.ts';
import type { Operation } from '../model/index.ts';
import { deadlineSignal, formatBytes } from '../base/index.ts';
import type { OperationContext } from '../operations/index.ts';
import { startAdmitted } from './admission.ts';
import { applyWorkload } from './apply.ts';
import { collectTemplates } from './collect-templates.ts';
import type { Context } from './context.ts';
import { startFollowing } from './following.ts';
import { cancelRevival } from './guest-restart.ts';
import { endMachine, renewIdentity } from './machine-life.ts';
import { bootWanted } from './plan/machine-kind.ts';
import type { EnvironmentRecord } from './record.ts';
import { assertUnclaimed } from './registry.ts';
import { assertBootable } from './integrity/assert-bootable.ts';
import { projectOf } from './project-of.ts';
import { measureStorage } from './storage.ts';
import { takeOver } from './take-over.ts';
import { trimDisk, trimText } from './trim.ts';
import { seeVolumes } from './volumes/read-volumes.ts';

const BOOT_TIMEOUT_MS = 180_000;
const STOP_TIMEOUT_MS = 30_000;
const RESPONSE_TIMEOUT_MS = 2_000;

interface StartOptions {
  readonly idempotencyKey?: string;
}

/** Stops the machine and keeps its disk. One that is stopped already stays so. */
export async function startStop(
  context: Context,
  name: string,
  request: LifecycleRequest,
  o: StartOptions,
): Promise<Operation> {
  const known = await unclaimed(context, name);
  if (known.state === 'failed' || known.state === 'creating') {
    throw berthError('not-running', `environment "${known.name}" is ${known.state}`, {
      remedy: `Remove it with \`./berth rm ${known.name}\`.`,
    });
  }
  return context.operations.start(
    'stop',
    [known.name],
    { id: known.id, ...request },
    (operation) => stopNow(context, known, request, operation),
    o,
  );
}

/** Stops a machine; may be called again for what an earlier daemon did not finish. */
export async function stopNow(
  context: Context,
  known: EnvironmentRecord,
  request: LifecycleRequest,
  operation: OperationContext,
): Promise<{ names: string[] }> {
  const record = await context.registry.claim(known.id, operation.id);
  try {
    await stopMachine(context, record, request, operation);
  } catch (error) {
    await noteFailure(context, record, error);
    throw error;
  }
  await context.registry.update(record.id, { operation: undefined });
  crashPoint('stop.released');
  await collectTemplates(context);
  return { names: [record.name] };
}

/** Starts a stopped environment from its disk. */
export async function startStart(
  context: Context,
  name: string,
  request: LifecycleRequest,
  o: StartOptions,
): Promise<Operation> {
  const known = context.registry.get(name);
  assertUnclaimed(known);
  if (context.sessions.find(known.id) !== undefined)
    throw berthError('already-running', `environment "${known.name}" runs already`);
  return startAdmitted(context, bootWanted(known), () =>
    context.operations.start(
      'start',
      [known.name],
      { id: known.id, ...request },
      (operation) => bootAgain(context, known, operation, undefined, request),
      o,
    ),
  );
}

/** Stops it if it runs, then starts it from its disk. */
export async function startRestart(
  context: Context,
  name: string,
  request: LifecycleRequest,
  o: StartOptions,
): Promise<Operation> {
  const known = await unclaimed(context, name);
  const pid = known.process?.process.pid;
  const freedBytes = pid === undefined ? 0 : (processMemoryNow(pid)?.ownBytes ?? 0);
  return startAdmitted(context, { ...bootWanted(known), freedBytes }, () =>
    context.operations.start(
      'restart',
      [known.name],
      { id: known.id },
      (operation) => bootAgain(context, known, operation, request, request),
      o,
    ),
  );
}

/** @throws `conflict` while an operation that somebody asked for changes it */
async function unclaimed(context: Context, name: string): Promise<EnvironmentRecord> {
  await cancelRevival(context, context.registry.get(name));
  const known = context.registry.get(name);
  assertUnclaimed(known);
  return known;
}

/** Boots the machine from its disk and makes it run its file. */
export async function bootAgain(
  context: Context,
  known: EnvironmentRecord,
  operation: OperationContext,
  stopFirst: LifecycleRequest | undefined,
  o: Pick<LifecycleRequest, 'trustDisk'> = {},
): Promise<{ names: string[] }> {
  const record = await context.registry.claim(known.id, operation.id);
  try {
    if (stopFirst !== undefined) await stopMachine(context, record, stopFirst, operation);
    if (o.trustDisk === true) await context.registry.update(record.id, { seals: undefined });
    // A port that somebody else has is told before anything boots: it stays stopped, and can be started when the port is free.
    await context.ingress.check(record.ports, record.id);
    await bootMachine(context, context.registry.get(record.id), operation);
    await applyWorkload(context, context.registry.get(record.id), projectOf(record), operation);
    crashPoint('start.ready');
    await collectTemplates(context);
  } catch (error) {
    await noteFailure(context, record, error);
    throw error;
  }
  return { names: [record.name] };
}

/** What an environment is after a stop or start that failed, and why. */
async function noteFailure(context: Context, record: EnvironmentRecord, error: unknown): Promise<void> {
  const runs = context.registry.find(record.id)?.process !== undefined;
  const reason = error instanceof Error ? error.message : String(error);
  const state = runs ? 'degraded' : 'stopped';
  await context.registry.update(record.id, { state, reason, operation: undefined });
}

async function stopMachine(
  context: Context,
  record: EnvironmentRecord,
  request: LifecycleRequest,
  operation: OperationContext,
): Promise<void> {
  await operation.step('stop', `stop ${record.name}`, async (step) => {
    const back = await memoryBack(record);
    await context.registry.update(record.id, { state: 'stopping' });
    crashPoint('stop.noted');
    await context.replicas.end(record.id);
    const graceMs = request.force === true ? 0 : (request.timeoutMs ?? STOP_TIMEOUT_MS);
    const trimmed = await trimBeforeEnd(context, record, graceMs / 2, operation.signal);
    crashPoint('stop.trimmed');
    const onTry = (what: string) => step.detail(what);
    const how = await endMachine(context, record, { graceMs, signal: operation.signal, onTry });
    crashPoint('stop.machine-ended');
    await context.registry.update(record.id, {
      state: 'stopped',
      reason: undefined,
      readyAt: undefined,
      reviving: undefined,
      guestRestarts: undefined,
      returning: undefined,
      returns: undefined,
    });
    await sealDisk(context, record.id);
    step.detail([back, ...trimmed].join('; '));
    context.events.append('environment.stopped', record.name, `stopped: ${how}; its disk is kept`);
  });
}

/** What the guest deleted comes back with its end, as its memory does. A guest that cannot do it in time is stopped all the same. */
async function trimBeforeEnd(
  context: Context,
  record: EnvironmentRecord,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<string[]> {
  const isAsked = context.sessions.isReachable(record.id) && record.unresponsive !== true;
  if (!isAsked || timeoutMs === 0) return [];
  // One whose hypervisor hangs would let the time pass in which it could be ended.
  const { running } = context.sessions.get(record).machine;
  if (!(await running.isResponsive(Math.min(RESPONSE_TIMEOUT_MS, timeoutMs)))) return [];
  try {
    const report = await trimDisk(context, record, deadlineSignal(timeoutMs, signal));
    await measureStorage(context, record.id);
    await seeVolumes(context, record, signal);
    return [trimText(report)];
  } catch (error) {
    context.log.warn(
      { environment: record.name, err: error },
      'the disk could not be trimmed before the stop',
    );
    return [];
  }
}

/** What an environment leaves that does not run any more. */
async function sealDisk(context: Context, id: EnvironmentRecord['id']): Promise<void> {
  const record = context.registry.find(id);
  if (record?.disk === undefined || record.process !== undefined) return;
  // What it had left already was not touched.
  const { top } = record.disk;
  const known = record.seals?.[top];
  const seals = known === undefined ? await context.seals.note(record.disk, [top]) : { [top]: known };
  await context.registry.update(id, { seals }, { durability: 'relaxed' });
  context.seals.hashLater(id);
}

/** What the end of its process gives back to the host, as measured before. */
export async function memoryBack(record: EnvironmentRecord): Promise<string> {
  const use = record.process === undefined ? undefined : await memoryUse(record.process.process.pid);
  return use === undefined ? 'no memory was in use' : `${formatBytes(use.privateBytes)} of memory given back`;
}

/** Boots the machine of a stopped environment from its disk. */
export async function bootMachine(
  context: Context,
  record: EnvironmentRecord,
  operation: OperationContext,
): Promise<EnvironmentRecord> {
  const { disk, boot } = record;
  if (disk === undefined) throw berthError('not-running', `environment "${record.name}" has no disk`);
  await operation.step('look', 'look whether its disk is sound', () =>
    assertBootable(context, record, operation.signal),
  );
  const starting = { state: 'starting', reason: undefined, reviving: undefined, seals: undefined } as const;
  await context.registry.update(record.id, starting);
  crashPoint('start.noted');
  return operation.step('boot', `boot ${record.name}`, async () => {
    const machine = await context.machines.boot(record.id, boot, disk, {
      timeoutMs: BOOT_TIMEOUT_MS,
      signal: operation.signal,
    });
    crashPoint('start.booted');
    const known = await takeOver(context, record, machine);
    crashPoint('start.taken-over');
    const named = await renewIdentity(context, known, machine, operation.signal);
    startFollowing(context, named, { isNew: false });
    return named;
  });
}
