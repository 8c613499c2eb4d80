import type { Context } from '../environments/index.ts';
import { trimLog } from '../host/index.ts';
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
  await Promise.all(context.sessions.all().map(([id]) => lookAfter(context, id)));
}

async function lookAfter(context: Context, id: string): Promise<void> {
  const record = context.registry.find(id);
  const session = record === undefined ? undefined : context.sessions.find(record.id);
  if (record?.disk === undefined || session === undefined) return;
  for (const name of ['console.log', 'qemu.log', 'qemu.out']) {
    await trimLog(join(record.disk.directory, name), { maxBytes: MAX_LOG_BYTES, keepBytes: KEPT_LOG_BYTES });
  }
  // While an operation works on it the machine may rightly be busy, and its state is the operation's to set.
  if (record.operation !== undefined) return;
  const responsive = await session.machine.running.isResponsive(RESPONSE_TIMEOUT_MS);
  if (!responsive && record.state === 'running') {
    const reason = 'its machine does not answer; `./berth restart --force` ends it the hard way';
    await context.registry.update(record.id, { state: 'degraded', reason });
    context.events.append('environment.unresponsive', record.name, reason);
  } else if (
    responsive &&
    record.state === 'degraded' &&
    record.reason?.startsWith('its machine does not answer') === true
  ) {
    await context.registry.update(record.id, { state: 'running', reason: undefined });
    context.events.append('environment.responsive', record.name, 'its machine answers again');
  }
}
