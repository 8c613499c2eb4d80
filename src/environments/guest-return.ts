import { formatDuration, sleep } from '../base/index.ts';
import type { OperationContext } from '../operations/index.ts';
import type { Context } from './context.ts';
import { startFollowing } from './following.ts';
import { renewIdentity } from './machine-life.ts';
import { judgeRestart } from './plan/judge-restart.ts';
import type { EnvironmentRecord } from './record.ts';
import type { Session } from './sessions.ts';

const BOOT_TIMEOUT_MS = 180_000;
const CHECK_TIMEOUT_MS = 600_000;

/** Waits for a guest that restarted by itself, and gives it its identity again; one that does so again and again stands still first. */
export async function waitForGuest(
  context: Context,
  record: EnvironmentRecord,
  session: Session,
  operation: OperationContext,
): Promise<void> {
  await hold(record, session, operation);
  await operation.step('boot', `wait for the guest of ${record.name}`, async () => {
    await session.machine.link.waitReady({ timeoutMs: BOOT_TIMEOUT_MS, signal: operation.signal });
    await renewIdentity(context, record, session.machine, operation.signal);
    // Whoever came meanwhile knew it by its former key.
    context.sessions.disconnect(record.id);
    startFollowing(context, record, { isNew: false });
  });
}

/**
 * Does `work` in a guest, and anew when the guest restarts by itself meanwhile, unless that happens too often. `work` must be repeatable, and stand on
 * nothing that the guest has not written to its disk.
 */
export async function throughRestarts(
  context: Context,
  record: EnvironmentRecord,
  operation: OperationContext,
  work: (record: EnvironmentRecord, operation: OperationContext) => Promise<void>,
): Promise<void> {
  const session = context.sessions.get(record);
  for (let isBack = true; ; isBack = false) {
    const { signal: restarted } = session.restarted;
    const current = { ...operation, signal: AbortSignal.any([operation.signal, restarted]) };
    try {
      if (isBack) return await work(record, current);
      await waitForGuest(context, context.registry.get(record.id), session, current);
      await dropHalfWritten(context, context.registry.get(record.id), current);
      await context.registry.update(record.id, { reviving: undefined });
      return await work(context.registry.get(record.id), current);
    } catch (error) {
      if (!restarted.aborted || operation.signal.aborted) throw error;
      if (session.ending || context.sessions.find(record.id) !== session) throw restarted.reason;
    }
  }
}

/** Images that were not on the disk as a whole when the guest went down are there by their names and lack files: they are loaded again. */
async function dropHalfWritten(
  context: Context,
  record: EnvironmentRecord,
  operation: OperationContext,
): Promise<void> {
  const argv = ['podman', 'system', 'check', '--repair', '--force'];
  await operation.step('check', 'check the container images', () =>
    context.sessions.shell(record).exec(argv, { timeoutMs: CHECK_TIMEOUT_MS, signal: operation.signal }),
  );
}

/** A guest that restarts again and again stands still for a while, longer each time. */
async function hold(record: EnvironmentRecord, session: Session, operation: OperationContext): Promise<void> {
  const verdict = judgeRestart(record.guestRestarts ?? []);
  const holdMs = verdict.kind === 'revive' ? verdict.holdMs : 0;
  if (holdMs === 0) return;
  const { running } = session.machine;
  await operation.step('hold', `hold the guest for ${formatDuration(holdMs)}`, async () => {
    await running.pause();
    try {
      await sleep(holdMs, operation.signal);
    } finally {
      await running.resume();
    }
  });
}
