import { join } from 'node:path';
import { formatDuration } from '../base/index.ts';
import { asBerthError, berthError } from '../errors/index.ts';
import { crashPoint, tailFile } from '../host/index.ts';
import type { OperationContext } from '../operations/index.ts';
import { applyWorkload } from './apply.ts';
import type { Context } from './context.ts';
import { NO_FOLLOWED_PORTS, stopFollowing } from './following.ts';
import { waitForGuest } from './guest-return.ts';
import { endMachine } from './machine-life.ts';
import { judgeRestart, RESTART_WINDOW_MS, recentRestarts } from './plan/judge-restart.ts';
import { projectOf } from './project-of.ts';
import type { EnvironmentRecord } from './record.ts';
import { closePorts } from './replicas/close-ports.ts';
import type { Session } from './sessions.ts';

/** Kind of the operation that brings an environment back whose guest restarted by itself. */
export const REVIVE = 'revive';

/** A kernel that goes down tries several ways at once, each of which resets the machine; no guest boots in this time. */
const ONE_RESTART_MS = 2_000;
/** A panic with its trace is shorter. */
const CONSOLE_TAIL_BYTES = 16 * 1024;

/**
 * Looks after the guest of a machine that was just taken over: when it restarts by itself (a panic, `reboot`), the environment is
 * degraded at once, its ports are closed, and it is brought back; when it restarts over and over, its machine is ended.
 */
export function watchGuest(context: Context, id: EnvironmentRecord['id'], session: Session): void {
  let lastMs = -Infinity;
  session.machine.running.onGuestPanic(() => {
    const name = context.registry.find(id)?.name ?? id;
    context.events.append('environment.guest-panicked', name, "the guest's kernel panicked; it restarts");
  });
  session.machine.running.onGuestRestart(() => {
    const nowMs = performance.now();
    const again = nowMs - lastMs < ONE_RESTART_MS;
    lastMs = nowMs;
    if (again) return;
    onRestart(context, id, session).catch((error: unknown) =>
      context.log.warn({ environment: id, err: error }, 'a guest that restarted could not be looked after'),
    );
  });
}

/** Goes on bringing an environment back where an earlier daemon ended. Nothing happens when there is nothing to do. */
export function resumeRevival(context: Context, id: EnvironmentRecord['id']): void {
  const session = context.sessions.find(id);
  if (session !== undefined && context.registry.find(id)?.reviving === true)
    startRevival(context, id, session);
}

/** Ends the revival of an environment, if one is under way: what a user asks for goes before. */
export async function cancelRevival(context: Context, record: EnvironmentRecord): Promise<void> {
  const { operation } = record;
  if (operation === undefined || context.operations.get(operation).kind !== REVIVE) return;
  await context.registry.update(record.id, { reviving: undefined });
  await context.operations.cancel(operation);
  await context.operations.wait(operation);
}

async function onRestart(context: Context, id: EnvironmentRecord['id'], session: Session): Promise<void> {
  const record = context.registry.find(id);
  if (record === undefined || session.ending || context.sessions.find(id) !== session) return;
  const guestRestarts = recentRestarts(record.guestRestarts ?? [], Date.now());
  const verdict = judgeRestart(guestRestarts);
  // Before anything waits: nothing may begin with a guest that is given up.
  if (verdict.kind === 'give-up') session.ending = true;
  // What was begun with the guest before is void, and so are the connections into it.
  session.restarted.abort(berthError('guest-unreachable', 'the guest restarted by itself'));
  session.restarted = new AbortController();
  session.isKnown = false;
  context.sessions.disconnect(id);
  stopFollowing(session);
  const reason = `${await causeOf(record, session)}${timesText(guestRestarts.length)}`;
  const busy = context.registry.find(id)?.operation !== undefined && session.revival === undefined;
  const state = busy ? {} : ({ state: 'degraded', reason } as const);
  await context.registry.update(id, { ...state, ...NO_FOLLOWED_PORTS, guestRestarts, reviving: true });
  crashPoint('revive.noted');
  context.events.append('environment.guest-restarted', record.name, reason);
  await closePorts(context, record);
  if (verdict.kind === 'give-up') await giveUp(context, record, session, reason);
  else startRevival(context, id, session);
}

function timesText(count: number): string {
  return count === 1 ? '' : `; ${count} times within ${formatDuration(RESTART_WINDOW_MS)}`;
}

/** What the console tells of the guest's end. */
async function causeOf(record: EnvironmentRecord, session: Session): Promise<string> {
  const path = record.disk === undefined ? undefined : join(record.disk.directory, 'console.log');
  const text = path === undefined ? '' : await tailFile(path, CONSOLE_TAIL_BYTES).catch(() => '');
  const line = text.split('\n').findLast((one) => one.includes('Kernel panic - not syncing: '));
  if (line === undefined || line === session.lastPanic) return 'the guest restarted by itself';
  session.lastPanic = line;
  return `the guest's kernel panicked: ${(line.split('not syncing: ')[1] ?? '').trim().slice(0, 200)}`;
}

async function giveUp(
  context: Context,
  record: EnvironmentRecord,
  session: Session,
  reason: string,
): Promise<void> {
  await session.revival;
  await endMachine(context, record, { graceMs: 0 });
  const why = `${reason}; its machine was ended`;
  const { operation } = context.registry.find(record.id) ?? {};
  const change = operation === undefined ? ({ state: 'crashed', reason: why } as const) : {};
  await context.registry.update(record.id, { ...change, reviving: undefined });
  context.events.append('environment.crashed', record.name, why);
}

function startRevival(context: Context, id: EnvironmentRecord['id'], session: Session): void {
  session.revival ??= keepReviving(context, id, session)
    .catch((error: unknown) =>
      context.log.warn({ environment: id, err: error }, 'an environment could not be brought back'),
    )
    .finally(() => {
      session.revival = undefined;
    });
}

/** Tries anew as long as the guest restarts meanwhile. */
async function keepReviving(context: Context, id: EnvironmentRecord['id'], session: Session): Promise<void> {
  for (;;) {
    const record = context.registry.find(id);
    if (record?.reviving !== true || session.ending || context.sessions.find(id) !== session) return;
    const { signal } = session.restarted;
    if (record.operation !== undefined) {
      // Without the guest it will soon fail; until then the environment is its own.
      await context.operations.wait(record.operation, signal).catch(() => undefined);
      const unchanged = context.registry.find(id)?.operation === record.operation;
      if (unchanged && !signal.aborted) return;
      continue;
    }
    const operation = await context.operations.start(REVIVE, [record.name], { id }, (work) =>
      revive(context, record, session, { ...work, signal: AbortSignal.any([work.signal, signal]) }, signal),
    );
    await context.operations.wait(operation.id);
  }
}

/** Waits for the guest, gives it its identity again, and its containers. */
async function revive(
  context: Context,
  known: EnvironmentRecord,
  session: Session,
  operation: OperationContext,
  again: AbortSignal,
): Promise<{ names: string[] }> {
  const record = await context.registry.claim(known.id, operation.id);
  try {
    await waitForGuest(context, record, session, operation);
    crashPoint('revive.identified');
    await applyWorkload(context, context.registry.get(record.id), projectOf(record), operation);
    await context.registry.update(record.id, { reviving: undefined });
  } catch (error) {
    await settle(context, record, session, error, again.aborted || isDaemonEnding(context, operation));
    throw error;
  }
  return { names: [record.name] };
}

async function settle(
  context: Context,
  record: EnvironmentRecord,
  session: Session,
  error: unknown,
  goesOn: boolean,
): Promise<void> {
  const runs = context.sessions.find(record.id) === session;
  const reason = `${record.reason ?? 'the guest restarted by itself'}; it did not come back: ${asBerthError(error).message}`;
  const change = goesOn
    ? {}
    : ({ state: runs ? 'degraded' : 'crashed', reason, reviving: undefined } as const);
  await context.registry.update(record.id, { ...change, operation: undefined });
}

/** Nobody cancelled it, yet it is to end: the next daemon takes it up. */
function isDaemonEnding(context: Context, { id, signal }: OperationContext): boolean {
  return signal.aborted && context.operations.get(id).state === 'running';
}
