import { berthError } from '../../errors/index.ts';
import { crashPoint, isAlive } from '../../host/index.ts';
import { type Machine, removeSaved } from '../../machines/index.ts';
import type { Context } from '../context.ts';
import { startFollowing } from '../following.ts';
import { markKnown } from '../machine-life.ts';
import { wakeWanted } from '../plan/machine-kind.ts';
import { publishFollowed, publishPorts } from '../ports.ts';
import type { EnvironmentRecord } from '../record.ts';
import type { Session } from '../sessions.ts';
import { takeOver } from '../take-over.ts';
import { setTime } from './set-time.ts';

const RELAXED = { durability: 'relaxed' } as const;

/** Lets the virtual CPUs of a frozen environment run again. */
export async function thaw(context: Context, record: EnvironmentRecord, session: Session): Promise<void> {
  const { machine } = session;
  await machine.running.resume();
  crashPoint('thaw.resumed');
  await setTime(context, record, machine);
  session.isFrozen = false;
  await context.registry.update(record.id, { state: 'running', rest: undefined }, RELAXED);
  startFollowing(context, record, { isNew: false });
}

/**
 * Starts the machine of an environment from what was saved of it. A failure leaves it asleep.
 * @throws `template-invalid` when another hypervisor saved it; `capacity-exceeded` when the host has no room for it now
 */
export async function rouse(context: Context, known: EnvironmentRecord, signal: AbortSignal): Promise<void> {
  await context.merges.stop(known.id);
  const record = context.registry.get(known.id);
  const { asleep, disk, boot } = record;
  if (asleep === undefined || disk === undefined)
    throw berthError('not-running', `environment "${record.name}" has nothing to go on from`);
  using _room = await context.admission.admit(wakeWanted(record));
  // It was saved, and then could not be ended at once.
  if (record.process !== undefined && isAlive(record.process.process))
    await context.machines.endProcess(record.id, record.process, { keepSlot: true });
  context.seals.stop(record.id);
  await context.seals.assertUnchanged(record, { signal });
  const machine = await context.machines.wake(record.id, boot, disk, asleep, signal);
  crashPoint('wake.machine-started');
  const { known: running, session } = await enter(context, record, machine);
  crashPoint('wake.noted');
  await machine.running.resume();
  crashPoint('wake.resumed');
  await setTime(context, record, machine);
  markKnown(context, running);
  session.isFrozen = false;
  await publishPorts(context, running);
  await publishFollowed(context, running);
  startFollowing(context, running, { isNew: false });
  crashPoint('wake.published');
  await removeSaved(disk);
}

/** Writes down that it runs; nothing has run yet. What fails leaves it asleep. */
async function enter(
  context: Context,
  record: EnvironmentRecord,
  machine: Machine,
): Promise<{ known: EnvironmentRecord; session: Session }> {
  try {
    const known = await takeOver(context, record, machine);
    crashPoint('wake.taken-over');
    const session = context.sessions.get(known);
    session.isFrozen = true;
    // Once it has run its disk is ahead of what was saved: that must never be used again, also not after a power cut.
    await context.registry.update(record.id, {
      asleep: undefined,
      seals: undefined,
      state: 'running',
      rest: undefined,
    });
    return { known, session };
  } catch (error) {
    const session = context.sessions.find(record.id);
    if (session !== undefined) session.ending = true;
    context.sessions.remove(record.id);
    await context.machines.end(machine, { graceMs: 0, keepSlot: true });
    throw error;
  }
}
