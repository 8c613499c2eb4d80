import { hostBootId } from '../host/index.ts';
import { closeLines, type Machine } from '../machines/index.ts';
import { collectTemplates } from './collect-templates.ts';
import type { Context } from './context.ts';
import { NO_FOLLOWED_PORTS, reopenPorts } from './following.ts';
import { watchGuest } from './guest-restart.ts';
import { markKnown } from './machine-life.ts';
import type { EnvironmentRecord } from './record.ts';
import { closePorts } from './replicas/close-ports.ts';

/**
 * Writes down that a machine runs, before anything else happens to it, and watches for its end.
 * From here on it is found again after the daemon was restarted.
 */
export async function takeOver(
  context: Context,
  record: EnvironmentRecord,
  machine: Machine,
): Promise<EnvironmentRecord> {
  const { running, slot, origin } = machine;
  const process = { process: running.process, slot, origin, boot: hostBootId() };
  // What dies with the host's power need not be known after it.
  const updated =
    (await context.registry.update(record.id, { process }, { durability: 'relaxed' })) ?? record;
  const session = context.sessions.add(record.id, machine);
  watchGuest(context, record.id, session);
  machine.running.exited.then(
    (exit) =>
      session.ending
        ? undefined
        : context.sessions.settle(record.id, () => onExit(context, record.id, machine, exit)),
    () => undefined,
  );
  await context.machines.allowHost(machine, updated.hostAccess ?? []);
  return updated;
}

async function onExit(
  context: Context,
  id: EnvironmentRecord['id'],
  machine: Machine,
  exit: {
    readonly message: string;
    readonly poweredOff: boolean;
    readonly code?: number;
    readonly signal?: string;
  },
): Promise<void> {
  const record = context.registry.find(id);
  if (record === undefined) return;
  closeLines(machine);
  machine.running.detach();
  await closePorts(context, record);
  const isOutOfMemory = await context.machines.ranOutOfMemory(id).catch(() => false);
  await context.machines.release(id, machine.slot);
  const state = exit.poweredOff ? 'stopped' : 'crashed';
  const why = isOutOfMemory ? '; the kernel ended it: it needed more memory than its control group has' : '';
  const reason = exit.poweredOff
    ? 'the guest powered itself off'
    : `QEMU ended ${howOf(exit)}${why}${exit.message === '' ? '' : `: ${lastLine(exit.message)}`}`;
  // While an operation works on it, that operation decides on the state.
  const change = record.operation === undefined ? ({ state, reason } as const) : {};
  await context.registry.update(id, {
    process: undefined,
    unresponsive: undefined,
    ...NO_FOLLOWED_PORTS,
    ...change,
  });
  context.events.append(`environment.${state}`, record.name, reason);
  await collectTemplates(context);
}

function howOf({ code, signal }: { readonly code?: number; readonly signal?: string }): string {
  if (signal !== undefined) return `with signal ${signal}`;
  // Only its parent is told, which was an earlier daemon.
  return code === undefined ? 'while a later daemon watched it' : `with exit code ${code}`;
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}

/**
 * Connects an environment again to a machine that an earlier daemon started; false when there is none any more.
 * @throws when there is one and it does not answer
 */
export async function adopt(context: Context, record: EnvironmentRecord): Promise<boolean> {
  if (record.process === undefined || record.disk === undefined) return false;
  const { boot = hostBootId() } = record.process;
  // After a boot of the host another process may have its pid.
  if (boot !== hostBootId()) return false;
  const paused = record.state === 'frozen';
  const machine = await context.machines.adopt(record.id, record.boot, record.disk, record.process, {
    paused,
  });
  if (machine === undefined) return false;
  const updated = await takeOver(context, record, machine);
  if (paused) context.sessions.get(updated).isFrozen = true;
  // One that restarted by itself is not itself yet: its revival goes on.
  if (updated.reviving === true) return true;
  markKnown(context, updated);
  await reopenPorts(context, updated);
  return true;
}
