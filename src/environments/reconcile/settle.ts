import type { EnvironmentId } from '../../model/index.ts';
import type { Context } from '../context.ts';
import { reattach } from '../recover.ts';
import { stayAsleep } from '../sleep/stay-asleep.ts';

/**
 * Finds out what has become of the machine of an environment with which this daemon does not speak, in the way in which a daemon does that at its start.
 * Nothing happens when somebody else has done so meanwhile, or is at it.
 */
export async function settleMachine(context: Context, id: EnvironmentId): Promise<void> {
  const { sessions, registry, sleepers } = context;
  await sessions.taking.run(id, async () => {
    const record = registry.find(id);
    if (record === undefined || record.operation !== undefined || sessions.find(id) !== undefined) return;
    if (sessions.isSettling(id) || sleepers.isTurning(id)) return;
    await (record.asleep === undefined ? reattach(context, record) : stayAsleep(context, record));
  });
}
