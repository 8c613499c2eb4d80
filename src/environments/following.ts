import type { Context } from './context.ts';
import { PortFollower } from './follow-ports.ts';
import { publishFollowed, tryPublish } from './ports.ts';
import { noteServices } from './note-services.ts';
import type { EnvironmentRecord } from './record.ts';
import { readServices } from './services.ts';
import type { Session } from './sessions.ts';

/** Containers that a guest's end took along publish nothing; those that come back are found anew. */
export const NO_FOLLOWED_PORTS = { followed: undefined, followedMark: undefined } as const;

/** Opens again what was open before; somebody else may have taken a port meanwhile, which is no reason to give up the rest. */
export async function reopenPorts(context: Context, record: EnvironmentRecord): Promise<void> {
  const ports = await tryPublish(context, record, record.ports);
  const followed = await publishFollowed(context, record);
  await context.registry.update(record.id, { ports, followed });
  // One that rests is followed from the moment on in which it is woken.
  if (context.sessions.isReachable(record.id)) startFollowing(context, record, { isNew: false });
}

/**
 * Follows the containers of a running machine from now on. Nothing is asked of the guest before, so call it when the machine has
 * become somebody of its own. `isNew`: it has no containers yet.
 */
export function startFollowing(
  context: Context,
  { id }: Pick<EnvironmentRecord, 'id'>,
  o: { readonly isNew: boolean },
): void {
  const session = context.sessions.find(id);
  if (session === undefined || session.follower !== undefined) return;
  const follower = new PortFollower(context, id, session, async (signal) => {
    const record = context.registry.find(id);
    if (record !== undefined) await noteServices(context, id, await readServices(context, record, signal));
  });
  session.follower = follower;
  follower.start(o);
}

/** Ends that; the ports are the caller's to close. Done already is fine. */
export function stopFollowing(session: Session): void {
  session.follower?.close();
  session.follower = undefined;
}
