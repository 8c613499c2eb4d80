import { asBerthError } from '../errors/index.ts';
import { hostBootId, isAlive } from '../host/index.ts';
import { hasDisk, removeSaved } from '../machines/index.ts';
import type { NetworkManager, NetworkSlot } from '../network/index.ts';
import { closeOperations, goOn } from './close-operations.ts';
import { collectTemplates } from './collect-templates.ts';
import type { Context } from './context.ts';
import { openEndpoint } from './endpoint.ts';
import { endDoubles } from './end-doubles.ts';
import { discard } from './fork.ts';
import { settleInterrupted } from './freeze-environment.ts';
import { settleMerge } from './layers/merges.ts';
import { resumeRevival } from './guest-restart.ts';
import { type Ending, wentDownWithHost } from './plan/judge-loss.ts';
import type { EnvironmentRecord } from './record.ts';
import { keepWhatWas } from './snapshots/keep-what-was.ts';
import type { Change } from './registry.ts';
import { settleResize } from './resize.ts';
import { settleQuiet } from './snapshots/quiesce.ts';
import { tidyDisk, undoRestore } from './snapshots/undo-restore.ts';
import { removeOrphans } from './reconcile/orphans.ts';
import { adopt } from './take-over.ts';
import { stayAsleep } from './sleep/stay-asleep.ts';
import { settleKept } from './volumes/bring-in.ts';
import { startHalted } from './volumes/change-volumes.ts';

const KEEP_TIMEOUT_MS = 30 * 60_000;

/**
 * Compares what is written down with what is there, after the daemon was stopped or killed: running machines are taken
 * over, unfinished work is undone or finished, what belongs to nobody is removed. Nothing that runs is ended because of
 * what is written down, except what an interrupted `up`, `fork` or `rm` left half-made.
 */
export async function recover(
  context: Context,
  network: Pick<NetworkManager, 'start' | 'adopt'>,
  o: { readonly daemonEndedWell: boolean },
): Promise<void> {
  const records = context.registry.list();
  await endDoubles(context, records);
  await context.backups.clean();
  await takeOverNetwork(context, network, records);
  const ending = { ...o, hostBoot: hostBootId(), survivors: records.filter(hasProcess).length };
  await Promise.all(records.map((record) => recoverOne(context, record, ending)));
  await context.replicas.restore();
  const unfinished = await closeOperations(context);
  const known = new Set<string>(context.registry.list().map(({ id }) => id));
  await removeOrphans(context);
  keepLater(context);
  await context.keptVolumes.clean(known);
  await context.templates.undoUnsealed();
  await context.templates.removeIncomplete(
    new Set(context.registry.list().flatMap(({ disk }) => disk?.layers ?? [])),
  );
  await collectTemplates(context);
  await goOn(context, unfinished);
}

/** On a bare host the network's tools are not there yet; then there is nothing to take over either. */
async function takeOverNetwork(
  context: Context,
  network: Pick<NetworkManager, 'start' | 'adopt'>,
  records: readonly EnvironmentRecord[],
): Promise<void> {
  try {
    await network.start();
    await network.adopt(records.flatMap(slotsOf));
  } catch (error) {
    context.log.warn({ err: error }, 'the network could not be set up yet');
  }
}

function slotsOf({ process, asleep }: EnvironmentRecord): NetworkSlot[] {
  return [process?.slot ?? asleep?.slot ?? []].flat();
}

function hasProcess({ process }: EnvironmentRecord): boolean {
  if (process === undefined || (process.boot ?? hostBootId()) !== hostBootId()) return false;
  return isAlive(process.process);
}

/** It is what it was before; one that ran then goes on. */
async function recoverRestoring(context: Context, record: EnvironmentRecord, ending: Ending): Promise<void> {
  const goesOn = await undoRestore(context, record.id);
  await recoverOne(context, context.registry.get(record.id), ending);
  if (!goesOn) return;
  await context.sleepers.wake(record.id, 'the end of a restore').catch((error: unknown) => {
    context.log.warn({ environment: record.name, err: error }, 'an environment could not be woken');
  });
}

async function recoverOne(context: Context, record: EnvironmentRecord, ending: Ending): Promise<void> {
  const unfinished = record.state === 'creating' || record.state === 'removing' || record.scratch === true;
  if (unfinished) return discard(context, record);
  if (record.merging !== undefined && !hasProcess(record)) await settleMerge(context, record.id);
  if (record.restoring !== undefined) return recoverRestoring(context, record, ending);
  if (record.asleep === undefined) await reattach(context, record, ending);
  else await stayAsleep(context, record);
  await settleKept(context, record.id);
  await openEndpoint(context, record).catch((error: unknown) => {
    context.log.warn({ environment: record.name, err: error }, 'the Docker endpoint could not be opened');
  });
}

/**
 * Finds out what has become of an environment's machine: takes it over when it answers, says so when it does not, and notes its
 * end when there is none. Called at start, with how things ended before, and again as long as a machine does not answer.
 */
export async function reattach(context: Context, record: EnvironmentRecord, ending?: Ending): Promise<void> {
  try {
    const runs = await adopt(context, record);
    // A guest that does not answer goes on by itself; nobody waits for it.
    settleQuiet(context, record).catch((error: unknown) =>
      context.log.warn({ environment: record.name, err: error }, 'a guest may stand still for half a minute'),
    );
    await settleMerge(context, record.id);
    await settleInterrupted(context, record);
    await tidyDisk(context, record);
    await settleResize(context, record);
    // It was cut off in falling asleep, or in waking up.
    if (record.disk !== undefined) await removeSaved(record.disk);
    await (runs ? settleRunning(context, record) : settleGone(context, record, ending));
    resumeRevival(context, record.id);
    startHalted(context, record.id).catch((error: unknown) =>
      context.log.warn({ environment: record.name, err: error }, 'its containers could not be started again'),
    );
  } catch (error) {
    context.log.warn({ environment: record.name, err: error }, 'the machine could not be taken over');
    const reason = `its machine does not answer: ${asBerthError(error).message}`;
    await context.registry.update(record.id, {
      state: 'degraded',
      reason,
      operation: undefined,
      unresponsive: true,
    });
  }
}

/** States that only an operation can leave. */
async function settleRunning(context: Context, record: EnvironmentRecord): Promise<void> {
  const interrupted = record.state === 'starting' || record.state === 'stopping';
  const state = interrupted ? 'degraded' : record.unresponsive === true ? 'running' : record.state;
  const reason = interrupted
    ? `the daemon ended while the environment was ${record.state}`
    : record.unresponsive === true
      ? undefined
      : record.reason;
  await context.registry.update(record.id, {
    state,
    reason,
    operation: undefined,
    unresponsive: undefined,
  });
  context.events.append('environment.adopted', record.name, `process ${record.process?.process.pid} goes on`);
}

/** The end of a machine while nobody watched. */
async function settleGone(
  context: Context,
  record: EnvironmentRecord,
  ending: Ending | undefined,
): Promise<void> {
  if (record.process !== undefined) await context.machines.release(record.id, record.process.slot);
  const lost = record.disk !== undefined && !(await hasDisk(record.disk));
  const end = judgeEnd(record, lost, ending);
  await context.registry.update(record.id, {
    ...end,
    process: undefined,
    operation: undefined,
    unresponsive: undefined,
  });
  if (end.returning === true)
    context.events.append('environment.lost', record.name, 'its machine went down with the host');
}

function judgeEnd(
  record: EnvironmentRecord,
  lost: boolean,
  ending: Ending | undefined,
): Pick<Change, 'state' | 'reason' | 'returning'> {
  const { state, process, workload } = record;
  if (lost) return { state: 'failed', reason: 'its disk is missing', returning: undefined };
  const ended = process !== undefined && state !== 'stopping';
  const down = ended && ending !== undefined && wentDownWithHost(process.boot, ending);
  if (state !== 'stopping' && workload.restart !== 'no' && (record.returning === true || down)) {
    const reason = 'its machine went down with the host; it is started again';
    return { state: 'starting', reason, returning: true };
  }
  const over = { returning: undefined };
  if (ended) {
    const when = down ? 'went down with the host' : 'ended while the daemon was not there';
    return { ...over, state: 'crashed', reason: `the machine ${when}` };
  }
  const kept = state === 'crashed' || state === 'failed' ? state : 'stopped';
  return { ...over, state: kept, reason: record.reason };
}

/** The hashes of what environments were before a restore take their time; nobody waits for them. */
function keepLater(context: Context): void {
  for (const { id, name, restored, keeping } of context.registry.list()) {
    if (restored !== undefined) void context.registry.update(id, { restored: undefined });
    if (keeping === undefined) continue;
    keepWhatWas(context, id, AbortSignal.timeout(KEEP_TIMEOUT_MS)).catch((error: unknown) => {
      context.log.warn({ environment: name, err: error }, 'a snapshot of what it was could not be made');
    });
  }
}
