import { crashPoint } from '../../host/index.ts';
import type { Machine } from '../../machines/index.ts';
import type { SnapshotConsistency } from '../../model/index.ts';
import type { Context } from '../context.ts';
import type { EnvironmentRecord } from '../record.ts';

const RELAXED = { durability: 'relaxed' } as const;
const PREPARE_TIMEOUT_MS = 10_000;
/** How long the guest may take to write what it has, with its file systems already closed to others. */
const FREEZE_TIMEOUT_MS = 10_000;
const THAW_TIMEOUT_MS = 5_000;
const THAW_TRIES = 4;
/** After so many seconds the guest goes on by itself, whatever has become of the daemon. */
const ALONE_AFTER_S = 30;

/** Writes most of what there is to write ahead, and leaves somebody behind who lets the guest go on by himself; prints his pid. */
const PREPARE = `sync; (sleep ${ALONE_AFTER_S}; exec fsfreeze --unfreeze /) >/dev/null 2>&1 </dev/null & echo $!`;

/**
 * Calls `work` while the guest has written all that it had and its file systems stand still, and lets them go on in any case. Tells whether they
 * stood still all the while: a guest that cannot do that in time is worked on all the same.
 */
export async function whileQuiet(
  context: Context,
  record: EnvironmentRecord,
  machine: Machine,
  work: () => Promise<void>,
  signal: AbortSignal,
): Promise<SnapshotConsistency> {
  const alone = await prepare(context, record, machine, signal);
  if (alone === undefined) {
    await work();
    return 'crash';
  }
  await context.registry.update(record.id, { quiesced: true }, RELAXED);
  let isHeld = false;
  try {
    isHeld = await hold(context, record, machine, signal);
    crashPoint('snapshot.quiesced');
    await work();
  } finally {
    const thawed = await letGo(context, record, machine);
    // Nothing to thaw: it went on before it should have.
    isHeld = isHeld && thawed > 0;
    crashPoint('snapshot.thawed');
  }
  await machine.agent.exec(['/bin/kill', alone], { timeoutMs: THAW_TIMEOUT_MS }).catch(() => undefined);
  return isHeld ? 'file-system' : 'crash';
}

/** Lets the file systems of a guest go on for which an earlier daemon had stopped them. */
export async function settleQuiet(context: Context, record: EnvironmentRecord): Promise<void> {
  const session = context.sessions.find(record.id);
  if (context.registry.find(record.id)?.quiesced !== true) return;
  if (session !== undefined) await letGo(context, record, session.machine);
  else await context.registry.update(record.id, { quiesced: undefined });
}

async function prepare(
  context: Context,
  record: EnvironmentRecord,
  { agent }: Machine,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const o = { timeoutMs: PREPARE_TIMEOUT_MS, signal };
    const { code, stdout } = await agent.exec(['/bin/sh', '-c', PREPARE], o);
    const pid = stdout.trim();
    if (code === 0 && /^\d{1,10}$/.test(pid)) return pid;
  } catch (error) {
    signal.throwIfAborted();
    context.log.warn(
      { environment: record.name, err: error },
      'a guest could not be asked to write its disk',
    );
  }
  return undefined;
}

async function hold(
  context: Context,
  record: EnvironmentRecord,
  { agent }: Machine,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    return (await agent.fsfreeze({ timeoutMs: FREEZE_TIMEOUT_MS, signal })) > 0;
  } catch (error) {
    signal.throwIfAborted();
    context.log.warn(
      { environment: record.name, err: error },
      'the file systems of a guest could not be stopped',
    );
    return false;
  }
}

/** How many file systems went on. One that cannot be asked goes on by itself. */
async function letGo(context: Context, record: EnvironmentRecord, { agent }: Machine): Promise<number> {
  for (let tries = 1; ; tries += 1) {
    try {
      const thawed = await agent.fsthaw({ timeoutMs: THAW_TIMEOUT_MS });
      await context.registry.update(record.id, { quiesced: undefined }, RELAXED);
      return thawed;
    } catch (error) {
      if (tries < THAW_TRIES) continue;
      context.log.warn({ environment: record.name, err: error }, 'the file systems of a guest go on late');
      return 0;
    }
  }
}
