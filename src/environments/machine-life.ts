import { createHash } from 'node:crypto';
import { makeIdentity } from '../guest/index.ts';
import type { EndedBy } from '../hypervisor/index.ts';
import { type Machine, removeSaved } from '../machines/index.ts';
import type { Context } from './context.ts';
import { NO_FOLLOWED_PORTS, stopFollowing } from './following.ts';
import type { EnvironmentRecord } from './record.ts';
import { shutDown, type ShutDownOptions } from './shut-down.ts';

const IDENTITY_TIMEOUT_MS = 30_000;

/**
 * Gives a machine a name, keys, randomness and a clock of its own: one that was restored, and one that has booted from its
 * disk, since what a guest had been given may not have reached the disk before it ended. Nothing of it may be reachable
 * before.
 */
export async function renewIdentity(
  context: Context,
  record: EnvironmentRecord,
  machine: Machine,
  signal: AbortSignal,
): Promise<EnvironmentRecord> {
  const identity = makeIdentity(record.name, machineIdOf(record));
  await machine.running.resume();
  await machine.link.renewIdentity(identity, { timeoutMs: IDENTITY_TIMEOUT_MS, signal });
  const hostKey = identity.hostKeys[0]?.public;
  if (hostKey === undefined) return record;
  const known = await context.registry.update(record.id, { hostKey }, { durability: 'relaxed' });
  markKnown(context, record);
  return known ?? record;
}

/** Lets a machine run that waited, somebody of its own already, and gives it its name. */
export async function nameMachine(
  context: Context,
  record: EnvironmentRecord,
  machine: Machine,
  signal: AbortSignal,
): Promise<void> {
  const { hostname, entropyHex } = makeIdentity(record.name, machineIdOf(record));
  await machine.running.resume();
  await machine.link.rename({ hostname, entropyHex }, { timeoutMs: IDENTITY_TIMEOUT_MS, signal });
  markKnown(context, record);
}

/** From here on the guest may be logged into: it shows the key that is on record. */
export function markKnown(context: Context, record: EnvironmentRecord): void {
  const session = context.sessions.find(record.id);
  if (session !== undefined) session.isKnown = true;
}

/** The same through the life of an environment, and another in each. */
export function machineIdOf({ id }: Pick<EnvironmentRecord, 'id'>): string {
  return createHash('sha256').update(`machine-id of ${id}`).digest('hex').slice(0, 32);
}

/**
 * Ends an environment's machine: withdraws its ports, lets the guest shut down if `graceMs` allows, then ends the process.
 * Always ends; what it held is given back. Nothing happens when there is no machine. Gives how it ended.
 */
export async function endMachine(
  context: Context,
  record: EnvironmentRecord,
  o: ShutDownOptions,
): Promise<string> {
  let how = 'there was no machine';
  const session = context.sessions.find(record.id);
  if (session !== undefined) stopFollowing(session);
  await context.ingress.withdraw(record.id);
  if (session !== undefined) {
    session.ending = true;
    const asked =
      o.graceMs > 0 && !session.isFrozen ? await shutDown(context, record, session, o) : undefined;
    context.sessions.remove(record.id);
    o.onTry?.('its hypervisor is ended');
    how = endText(asked, await context.machines.end(session.machine, { graceMs: 500 }));
  } else if (record.process !== undefined) {
    // It could not be taken over, or is not to be: then its process is all that is known of it.
    await context.machines.endProcess(record.id, record.process);
    how = 'its process, with which nobody could speak, was ended';
  }
  await forgetSaved(context, record);
  await context.registry.update(record.id, {
    ...{ process: undefined, asleep: undefined, rest: undefined },
    ...NO_FOLLOWED_PORTS,
  });
  return how;
}

/** How a machine came to its end, as a person reads it. */
function endText(asked: string | undefined, by: EndedBy): string {
  const ended = by === 'quit' ? 'its hypervisor was ended' : `its hypervisor was ended by ${by}`;
  if (by === 'itself') return asked ?? 'its hypervisor had ended';
  return asked === undefined ? ended : `${asked}; ${ended}`;
}

/** What was saved of a machine that is not to go on from there, and the network slot that waited for it. */
async function forgetSaved(context: Context, { id }: EnvironmentRecord): Promise<void> {
  const record = context.registry.find(id);
  if (record?.asleep === undefined || record.disk === undefined) return;
  await context.machines.release(id, record.asleep.slot);
  await removeSaved(record.disk);
}
