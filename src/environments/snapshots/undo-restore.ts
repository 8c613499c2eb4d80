import { join } from 'node:path';
import { hostBootId, isAlive, listDirectory, removeTree } from '../../host/index.ts';
import { removeSaved } from '../../machines/index.ts';
import type { EnvironmentId } from '../../model/index.ts';
import { collectTemplates } from '../collect-templates.ts';
import type { Context } from '../context.ts';
import { stopFollowing } from '../following.ts';
import { settleInterrupted } from '../freeze-environment.ts';
import type { EnvironmentRecord } from '../record.ts';
import { stayAsleep } from '../sleep/stay-asleep.ts';
import { replacedOf } from './restoring.ts';

/**
 * Lets an environment be what it was before a restore that failed, or that the daemon's end interrupted: asleep with all that it was doing, or
 * stopped. True when it is to be woken. Nothing happens when there was none.
 */
export async function undoRestore(context: Context, id: EnvironmentId): Promise<boolean> {
  const record = context.registry.get(id);
  const { restoring } = record;
  if (restoring === undefined) return false;
  const { saved, prior } = restoring;
  if (
    saved === undefined &&
    prior === undefined &&
    (mayRun(context, record) || record.asleep !== undefined)
  ) {
    // Nothing has happened to its machine yet.
    await context.registry.update(id, { restoring: undefined });
    return false;
  }
  await endWhatRuns(context, record);
  await settleInterrupted(context, record);
  const asleep = saved === undefined ? undefined : { ...saved };
  const rest = { since: new Date().toISOString(), cause: 'a restore that did not come to be' };
  const reason = restoring.ran
    ? 'its machine was ended for a restore that did not come to be'
    : record.reason;
  const state = prior?.state ?? record.state;
  const settled = await context.registry.update(id, {
    ...(prior === undefined ? {} : replacedOf(prior)),
    ...(asleep === undefined
      ? { state: stoppedLike(state), reason }
      : { state: 'asleep', asleep, rest, reason: undefined }),
    ...{ restoring: undefined, process: undefined },
  });
  if (settled === undefined) return false;
  if (asleep !== undefined) await stayAsleep(context, settled);
  await tidyDisk(context, context.registry.get(id));
  await collectTemplates(context);
  return asleep !== undefined;
}

/** Removes what is left of an environment's former disks and saved states. Only while nothing is being done with its disk. */
export async function tidyDisk(context: Context, { id }: Pick<EnvironmentRecord, 'id'>): Promise<void> {
  const { disk, asleep, freezing, restoring } = context.registry.get(id);
  if (disk === undefined || freezing !== undefined || restoring !== undefined) return;
  await removeSaved(disk, asleep?.saved);
  const running = context.sessions.find(id)?.machine.running;
  // Whatever the books say, what a machine writes to stays.
  if (running !== undefined && (await running.topLayer().catch(() => undefined)) !== disk.top) return;
  for (const name of await listDirectory(disk.directory))
    if (/^disk-\d+\.qcow2$/.test(name) && name !== disk.top) await removeTree(join(disk.directory, name));
}

function mayRun(context: Context, { id, process }: EnvironmentRecord): boolean {
  if (context.sessions.find(id) !== undefined) return true;
  return process !== undefined && (process.boot ?? hostBootId()) === hostBootId() && isAlive(process.process);
}

/** One that was saved, or that was restored and seen by nobody. */
async function endWhatRuns(context: Context, known: EnvironmentRecord): Promise<void> {
  const session = context.sessions.find(known.id);
  await context.ingress.withdraw(known.id);
  if (session !== undefined) {
    session.ending = true;
    stopFollowing(session);
    context.sessions.remove(known.id);
    await context.machines.end(session.machine, { graceMs: 0 });
  } else if (known.process !== undefined && mayRun(context, known)) {
    await context.machines.endProcess(known.id, known.process);
  }
  await context.registry.update(known.id, { process: undefined });
}

function stoppedLike(state: EnvironmentRecord['state']): EnvironmentRecord['state'] {
  return state === 'crashed' || state === 'failed' ? state : 'stopped';
}
