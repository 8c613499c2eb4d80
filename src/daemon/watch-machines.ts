import {
  type Context,
  type EnvironmentRecord,
  type Session,
  settleMachine,
  watchStorage,
} from '../environments/index.ts';
import { isAlive, trimLog } from '../host/index.ts';
import { join } from 'node:path';

const INTERVAL_MS = 10_000;
const RESPONSE_TIMEOUT_MS = 5_000;
/** A console or a hypervisor's log may grow to this size; then only its last part is kept. */
const MAX_LOG_BYTES = 4 * 1024 * 1024;
const KEPT_LOG_BYTES = 1024 * 1024;

/** Looks after what no event tells: logs that grow, and machines whose monitor does not answer. */
export function watchMachines(context: Context): AsyncDisposable {
  let round: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    round = round
      .then(() => lookAfterAll(context))
      .catch((error: unknown) => context.log.warn({ err: error }, 'looking after the machines failed'));
  }, INTERVAL_MS);
  timer.unref();
  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer);
      await round;
    },
  };
}

async function lookAfterAll(context: Context): Promise<void> {
  await Promise.all(context.registry.list().map((record) => lookAfter(context, record)));
}

async function lookAfter(context: Context, record: EnvironmentRecord): Promise<void> {
  // While an operation works on it the machine may rightly be busy, and its state is the operation's to set.
  if (record.disk === undefined || record.process === undefined || record.operation !== undefined) return;
  for (const name of ['console.log', 'qemu.log', 'qemu.out']) {
    await trimLog(join(record.disk.directory, name), { maxBytes: MAX_LOG_BYTES, keepBytes: KEPT_LOG_BYTES });
  }
  const session = context.sessions.find(record.id);
  if (context.sessions.isSettling(record.id)) return;
  if (session === undefined) await settleMachine(context, record.id);
  else if (await checkResponse(context, record, session)) await watchStorage(context, record.id);
}

/** True when it answers. */
async function checkResponse(
  context: Context,
  record: EnvironmentRecord,
  session: Session,
): Promise<boolean> {
  const { running } = session.machine;
  const responsive = await running.isResponsive(RESPONSE_TIMEOUT_MS);
  // Of one that has ended its end will tell, better.
  if (!isAlive(running.process)) return false;
  // It may have ended, or an operation may have begun, while it was asked.
  const now = context.registry.find(record.id);
  if (
    responsive !== (now?.unresponsive ?? false) ||
    now?.process === undefined ||
    now.operation !== undefined
  )
    return responsive;
  const reason = responsive
    ? undefined
    : 'its machine does not answer; `./berth rm --force` and `restart --force` end it';
  await context.registry.update(record.id, {
    state: responsive ? (session.isFrozen ? 'frozen' : 'running') : 'degraded',
    reason,
    unresponsive: responsive ? undefined : true,
  });
  const kind = responsive ? 'environment.responsive' : 'environment.unresponsive';
  context.events.append(kind, record.name, reason ?? 'its machine answers again');
  return responsive;
}
