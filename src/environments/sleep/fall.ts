import { formatBytes, formatDuration } from '../../base/index.ts';
import { berthError } from '../../errors/index.ts';
import { crashPoint, memoryUse } from '../../host/index.ts';
import { removeSaved, saveMachine } from '../../machines/index.ts';
import { collectTemplates } from '../collect-templates.ts';
import type { Context } from '../context.ts';
import { stopFollowing } from '../following.ts';
import type { EnvironmentRecord } from '../record.ts';
import type { Session } from '../sessions.ts';
import { setTime } from './set-time.ts';
import { squeeze } from './squeeze.ts';

const RELAXED = { durability: 'relaxed' } as const;

/** Stops the virtual CPUs of an environment. Its memory stays, and so do its ports. */
export async function freezeNow(
  context: Context,
  record: EnvironmentRecord,
  session: Session,
  cause: string,
): Promise<void> {
  // A login would end by itself: nobody answers it any more.
  context.sessions.disconnect(record.id);
  session.isFrozen = true;
  try {
    await session.machine.running.pause();
    crashPoint('rest.paused');
    const rest = { since: new Date().toISOString(), cause };
    await context.registry.update(record.id, { state: 'frozen', rest }, RELAXED);
    crashPoint('rest.noted');
  } catch (error) {
    await goOn(context, record, session);
    throw error;
  }
  context.events.append('environment.frozen', record.name, cause);
}

/**
 * Saves the machine of an environment beside its disk and ends it. Its ports stay open. What fails, or is aborted before it is saved, lets the
 * machine run. Unless it is in haste, what the guest does not use is emptied first.
 */
export async function sleepNow(
  context: Context,
  record: EnvironmentRecord,
  session: Session,
  o: { readonly cause: string; readonly signal: AbortSignal; readonly inHaste: boolean },
): Promise<void> {
  await context.merges.stop(record.id);
  const { disk, boot } = context.registry.get(record.id);
  if (disk === undefined) throw berthError('not-running', `environment "${record.name}" has no disk`);
  const beganMs = performance.now();
  const { machine } = session;
  const use = await memoryUse(machine.running.process.pid);
  try {
    if (!o.inHaste) {
      if (session.isFrozen) await machine.running.resume();
      await squeeze(context, record, machine, o.signal);
    }
    crashPoint('sleep.squeezed');
    context.sessions.disconnect(record.id);
    session.isFrozen = true;
    const saved = await saveMachine(context.hypervisor, machine, { disk, boot }, o.signal);
    crashPoint('sleep.saved');
    const rest = { since: new Date().toISOString(), cause: o.cause, savedBytes: saved.bytes };
    const asleep = { saved, slot: machine.slot };
    const lastSavedBytes = saved.bytes;
    const seals = await context.seals.note(disk, [saved.file]);
    await context.registry.update(record.id, { state: 'asleep', rest, asleep, lastSavedBytes, seals });
    crashPoint('sleep.noted');
    // From here on it goes on from what was saved, whatever happens to this process.
    session.ending = true;
    stopFollowing(session);
    context.sessions.remove(record.id);
    await context.machines.end(machine, { graceMs: 500, keepSlot: true });
    crashPoint('sleep.machine-ended');
    const left = { ...seals, ...(await context.seals.note(disk, [disk.top])) };
    await context.registry.update(record.id, { process: undefined, seals: left }, RELAXED);
    crashPoint('sleep.process-forgotten');
    await removeSaved(disk, saved);
    context.seals.hashLater(record.id);
    const back = `${formatBytes(use?.privateBytes ?? 0)} of memory given back, ${formatBytes(saved.bytes)} kept on disk`;
    const took = formatDuration(performance.now() - beganMs);
    context.events.append('environment.asleep', record.name, `${o.cause}; ${back}, in ${took}`);
  } catch (error) {
    if (!session.ending) {
      await removeSaved(disk);
      await goOn(context, record, session);
    }
    throw error;
  }
  await collectTemplates(context);
}

/** A machine that did not come to rest runs, also when it stood still before. */
async function goOn(context: Context, record: EnvironmentRecord, session: Session): Promise<void> {
  await session.machine.running.resume();
  await setTime(context, record, session.machine);
  session.isFrozen = false;
  await context.registry.update(record.id, { state: 'running', rest: undefined }, RELAXED);
}
