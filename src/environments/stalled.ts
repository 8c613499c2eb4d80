import { diskSpace } from '../host/index.ts';
import type { Context } from './context.ts';
import type { EnvironmentRecord } from './record.ts';
import type { Change } from './registry.ts';
import type { Session } from './sessions.ts';

/** With less than this a machine that goes on would stand still again at once. */
const ENOUGH_BYTES = 32 * 1024 * 1024;
const REASON = 'its disk cannot be written on the host';
const FULL = 'no space is left; it stands still and goes on by itself';
/** What the kernel could not write after it had said that it would is gone, and the hypervisor never trusts the file again. */
const broken = (name: string) =>
  `the host reports an error of the disk; it stands still and goes on by itself when that is over, or, if what was written is lost, with \`./berth restart --force ${name}\``;

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
  // An earlier daemon may have told of it.
  const wasStalled = session.isStalled === true || record.reason?.startsWith(REASON) === true;
  if (!isStalled) {
    if (wasStalled) await goOn(context, record, session);
    return;
  }
  const { freeBytes } = await diskSpace(context.home);
  if (!wasStalled) {
    const reason = `${REASON}: ${freeBytes < ENOUGH_BYTES ? FULL : broken(record.name)}`;
    session.isStalled = true;
    await note(context, record, { state: 'degraded', reason });
    context.events.append('environment.io-error', record.name, reason);
  }
  if (freeBytes >= ENOUGH_BYTES) await running.resume();
}

async function goOn(context: Context, record: EnvironmentRecord, session: Session): Promise<void> {
  const state = session.isFrozen ? 'frozen' : 'running';
  await note(context, record, { state, reason: undefined });
  session.isStalled = false;
  context.events.append('environment.io-resumed', record.name, 'its disk can be written again; it goes on');
}

/** The disk on which it is to be written down may be the one that is full: then it is told all the same. */
async function note(context: Context, { id }: EnvironmentRecord, change: Change): Promise<void> {
  await context.registry
    .update(id, change, { durability: 'relaxed' })
    .catch((error: unknown) =>
      context.log.warn({ environment: id, err: error }, 'what became of a machine could not be written down'),
    );
}
