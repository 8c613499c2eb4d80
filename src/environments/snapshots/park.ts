import { crashPoint } from '../../host/index.ts';
import { removeSaved, saveMachine } from '../../machines/index.ts';
import type { Context } from '../context.ts';
import { NO_FOLLOWED_PORTS, reopenPorts, stopFollowing } from '../following.ts';
import { diskOf } from '../freeze-environment.ts';
import type { EnvironmentRecord } from '../record.ts';
import type { Session } from '../sessions.ts';
import { setTime } from '../sleep/set-time.ts';

/**
 * Ends the machine of an environment that is to be brought back to a snapshot, with all that it was doing saved beside its disk where that is possible; its
 * ports are closed. What fails lets it run as before. Nothing happens where none runs, but for what was saved of a sleeper, which goes along.
 */
export async function park(context: Context, record: EnvironmentRecord, signal: AbortSignal): Promise<void> {
  const session = context.sessions.find(record.id);
  if (session !== undefined) return parkRunning(context, record, session, signal);
  await context.ingress.withdraw(record.id);
  const { asleep, restoring } = record;
  if (asleep === undefined || restoring === undefined) return;
  await context.registry.update(record.id, {
    ...{ asleep: undefined, rest: undefined, state: 'stopping' },
    restoring: { ...restoring, saved: asleep },
  });
  crashPoint('restore.saved');
  await context.machines.release(record.id, asleep.slot);
}

async function parkRunning(
  context: Context,
  record: EnvironmentRecord,
  session: Session,
  signal: AbortSignal,
): Promise<void> {
  const { machine } = session;
  const wasFrozen = session.isFrozen;
  stopFollowing(session);
  await context.ingress.withdraw(record.id);
  context.sessions.disconnect(record.id);
  session.isFrozen = true;
  try {
    // One that does not answer cannot be saved; its disk is kept as it is.
    if (record.unresponsive !== true) await save(context, record, session, signal);
  } catch (error) {
    await goOn(context, record, session, wasFrozen);
    throw error;
  }
  session.ending = true;
  context.sessions.remove(record.id);
  await context.machines.end(machine, { graceMs: 500 });
  await context.registry.update(record.id, {
    ...{ process: undefined, unresponsive: undefined, rest: undefined, ...NO_FOLLOWED_PORTS },
  });
  crashPoint('restore.ended');
}

/** As if nothing had been. One that has ended meanwhile is somebody else's to settle. */
async function goOn(
  context: Context,
  record: EnvironmentRecord,
  session: Session,
  wasFrozen: boolean,
): Promise<void> {
  await context.registry.update(record.id, { restoring: undefined, state: record.state });
  if (context.sessions.find(record.id) !== session) return;
  await (wasFrozen ? session.machine.running.pause() : session.machine.running.resume());
  if (!wasFrozen) await setTime(context, record, session.machine);
  session.isFrozen = wasFrozen;
  await removeSaved(diskOf(record));
  await reopenPorts(context, context.registry.get(record.id));
}

async function save(
  context: Context,
  record: EnvironmentRecord,
  { machine }: Session,
  signal: AbortSignal,
): Promise<void> {
  const saved = await saveMachine(
    context.hypervisor,
    machine,
    { disk: diskOf(record), boot: record.boot },
    signal,
  );
  const { restoring = { ran: true } } = context.registry.get(record.id);
  await context.registry.update(record.id, {
    state: 'stopping',
    restoring: { ...restoring, saved: { saved, slot: machine.slot } },
  });
  crashPoint('restore.saved');
}
