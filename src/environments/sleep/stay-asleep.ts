import { asBerthError } from '../../errors/index.ts';
import { hostBootId, isAlive } from '../../host/index.ts';
import { removeSaved } from '../../machines/index.ts';
import type { Context } from '../context.ts';
import { reopenPorts } from '../following.ts';
import type { EnvironmentRecord } from '../record.ts';

/**
 * Takes over an environment that is asleep after the daemon, or the host, was down: what wakes it is opened again. A process that
 * it has still, or has already, has not run since it was saved, and is ended.
 */
export async function stayAsleep(context: Context, record: EnvironmentRecord): Promise<void> {
  const { asleep, disk, process } = record;
  if (asleep === undefined || disk === undefined) return;
  const isSameBoot = (process?.boot ?? hostBootId()) === hostBootId();
  if (process !== undefined && isSameBoot && isAlive(process.process))
    await context.machines.endProcess(record.id, process, { keepSlot: true });
  await removeSaved(disk, asleep.saved);
  const settled = { process: undefined, operation: undefined, state: 'asleep' } as const;
  try {
    const slot = await context.machines.slotFor(record.id, asleep.slot);
    const known = { ...asleep, slot };
    const updated = await context.registry.update(record.id, { ...settled, asleep: known });
    if (updated !== undefined) await reopenPorts(context, updated);
  } catch (error) {
    context.log.warn({ environment: record.name, err: error }, 'a sleeper could not be made reachable');
    const reason = `no connection wakes it: ${asBerthError(error).message}`;
    await context.registry.update(record.id, { ...settled, reason });
  }
}
