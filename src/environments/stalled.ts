import { diskSpace } from '../host/index.ts';
import type { Context } from './context.ts';
import type { EnvironmentRecord } from './record.ts';
import type { Session } from './sessions.ts';

/** With less than this a machine that goes on would stand still again at once. */
const ENOUGH_BYTES = 32 * 1024 * 1024;
const REASON = 'its disk cannot be written on the host';

/**
 * Looks whether a machine stands still because the host could not write its disk: tells so once, and lets it go on when there is room again. Its guest notices nothing but
 * the time that went by.
 */
export async function watchStall(
  context: Context,
  record: EnvironmentRecord,
  session: Session,
): Promise<void> {
  const { running } = session.machine;
  const isStalled = await running.isStalled();
  const wasStalled = record.reason?.startsWith(REASON) === true;
  if (!isStalled) {
    if (wasStalled) await goOn(context, record, session);
    return;
  }
  const { freeBytes } = await diskSpace(context.home);
  if (!wasStalled) {
    const why = freeBytes < ENOUGH_BYTES ? 'no space is left' : 'the host reports an error of the disk';
    const reason = `${REASON}: ${why}; it stands still and goes on by itself`;
    context.events.append('environment.io-error', record.name, reason);
    await context.registry.update(record.id, { state: 'degraded', reason });
  }
  if (freeBytes >= ENOUGH_BYTES) await running.resume();
}

async function goOn(context: Context, record: EnvironmentRecord, { isFrozen }: Session): Promise<void> {
  const state = isFrozen ? 'frozen' : 'running';
  await context.registry.update(record.id, { state, reason: undefined });
  context.events.append('environment.io-resumed', record.name, 'its disk can be written again; it goes on');
}
