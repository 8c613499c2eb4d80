import { crashPoint } from '../../host/index.ts';
import { type EngineVolume, openArchive, archiveEnd } from '../../guest/index.ts';
import { formatBytes } from '../../base/index.ts';
import { berthError } from '../../errors/index.ts';
import type { OperationContext } from '../../operations/index.ts';
import type { Context } from '../context.ts';
import type { EnvironmentRecord } from '../record.ts';
import type { KeptSet, UnfinishedSet } from './kept-volumes.ts';
import { type LiveVolume, liveVolumes } from './read-volumes.ts';

const STOP_GRACE_S = 10;
const COMMAND_TIMEOUT_MS = 60_000;
const START_TIMEOUT_MS = 30_000;
/** Names that the engine makes up for volumes that have none. */
const ANONYMOUS = /^[0-9a-f]{64}$/;

/**
 * Copies the named volumes of a running environment into the home, with its containers stopped. Undefined when it has none. When it
 * fails nothing is kept, and the containers run again.
 */
export async function keepVolumes(
  context: Context,
  record: EnvironmentRecord,
  operation: OperationContext,
): Promise<KeptSet | undefined> {
  const volumes = (await liveVolumes(context, record, operation.signal)).filter(({ engine }) =>
    isNamed(engine),
  );
  if (volumes.length === 0) return undefined;
  const set = await context.keptVolumes.begin(record.name, record.id);
  const running = await runningContainers(context, record, operation.signal);
  try {
    await operation.step('containers', 'stop the containers', () =>
      stop(context, record, running, operation.signal),
    );
    crashPoint('keep.containers-stopped');
    for (const volume of volumes) await keepOne(context, record, set, volume, operation);
    operation.signal.throwIfAborted();
    crashPoint('keep.archived');
    const kept = await set.complete({ project: record.workload.project });
    crashPoint('keep.completed');
    return kept;
  } catch (error) {
    await startAgain(context, record, running);
    throw error;
  } finally {
    await set.discard();
  }
}

function isNamed({ name, driver, options }: EngineVolume): boolean {
  return driver === 'local' && Object.keys(options).length === 0 && !ANONYMOUS.test(name);
}

async function keepOne(
  context: Context,
  record: EnvironmentRecord,
  set: UnfinishedSet,
  { seen, engine }: LiveVolume,
  operation: OperationContext,
): Promise<void> {
  const { signal } = operation;
  const { name, key, sizeBytes } = seen;
  await operation.step('volume', `keep volume ${key ?? name}, ${formatBytes(sizeBytes)}`, async () => {
    const shell = context.sessions.shell(record);
    const archive = await openArchive(shell, engine.mountpoint, { timeoutMs: START_TIMEOUT_MS, signal });
    const abort = () => archive.close();
    signal.addEventListener('abort', abort, { once: true });
    try {
      const whole = archiveEnd(archive);
      whole.catch(() => undefined);
      const about = { name, ...(key === undefined ? {} : { key }), labels: engine.labels, sizeBytes };
      await set.add(about, archive.stdout);
      await whole;
      signal.throwIfAborted();
    } finally {
      signal.removeEventListener('abort', abort);
      archive.close();
    }
  });
}

async function runningContainers(
  context: Context,
  record: EnvironmentRecord,
  signal: AbortSignal,
): Promise<string[]> {
  const o = { timeoutMs: COMMAND_TIMEOUT_MS, signal };
  const { stdout } = await context.sessions.shell(record).exec(['podman', 'ps', '--quiet'], o);
  return stdout.split('\n').filter((id) => /^[0-9a-f]+$/.test(id));
}

async function stop(
  context: Context,
  record: EnvironmentRecord,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  if (ids.length === 0) return;
  const argv = ['podman', 'stop', '--time', String(STOP_GRACE_S), ...ids];
  await context.sessions.shell(record).exec(argv, { timeoutMs: COMMAND_TIMEOUT_MS, signal });
}

async function startAgain(
  context: Context,
  record: EnvironmentRecord,
  ids: readonly string[],
): Promise<void> {
  if (ids.length === 0 || context.sessions.find(record.id) === undefined) return;
  try {
    const argv = ['podman', 'start', ...ids];
    await context.sessions.shell(record).exec(argv, { timeoutMs: COMMAND_TIMEOUT_MS });
  } catch (error) {
    context.log.warn({ environment: record.name, err: error }, 'its containers could not be started again');
  }
}

/** @throws `not-running` for an environment that never had a disk */
export function assertHasVolumes(record: EnvironmentRecord): void {
  if (record.disk !== undefined && record.state !== 'failed') return;
  throw berthError('not-running', `environment "${record.name}" has no disk, so no volumes can be kept`, {
    remedy: `Leave out --keep-volumes: \`./berth rm ${record.name}\`.`,
  });
}
