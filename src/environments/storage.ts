import { formatBytes } from '../base/index.ts';
import { allocatedBytes } from '../host/index.ts';
import type { EnvironmentStorage } from '../model/index.ts';
import type { Context } from './context.ts';
import { isNearlyFull, writesUntilNextLook } from './plan/judge-storage.ts';
import type { EnvironmentRecord, MeasuredDisk } from './record.ts';

const MEASURE_TIMEOUT_MS = 10_000;

/** What is known of an environment's disk: measured on the host now, in the guest when it was last asked. */
export async function storageOf(record: EnvironmentRecord): Promise<EnvironmentStorage | undefined> {
  if (record.disk === undefined) return undefined;
  return { allocatedBytes: await allocatedBytes(record.disk.directory), ...record.measuredDisk };
}

/**
 * Asks the guest how full its disk is, writes it down, and tells when the disk has become nearly full or is so no longer. A guest that does not
 * answer is asked again another time; nothing happens where no machine runs.
 */
export async function measureStorage(context: Context, id: EnvironmentRecord['id']): Promise<void> {
  const session = context.sessions.find(id);
  if (session === undefined || session.ending || session.isFrozen) return;
  const { running, agent } = session.machine;
  try {
    const writtenBytes = await running.writtenBytes();
    const use = await agent.rootUse({ timeoutMs: MEASURE_TIMEOUT_MS });
    session.nextLookBytes = writtenBytes + writesUntilNextLook(use.availableBytes);
    await note(context, id, use);
  } catch (error) {
    context.log.warn({ environment: id, err: error }, 'how full the disk is could not be measured');
  }
}

/** Measures again once the guest has written so much that its disk may be nearly full. A guest that writes nothing is not woken. */
export async function watchStorage(context: Context, id: EnvironmentRecord['id']): Promise<void> {
  const session = context.sessions.find(id);
  if (session === undefined || session.isFrozen) return;
  const writtenBytes = await session.machine.running.writtenBytes();
  if (session.nextLookBytes === undefined) {
    // Nothing is known of what was written before: it is measured with the first write.
    const known = context.registry.find(id)?.measuredDisk !== undefined;
    session.nextLookBytes = known ? writtenBytes + 1 : writtenBytes;
  }
  if (writtenBytes >= session.nextLookBytes) await measureStorage(context, id);
}

async function note(
  context: Context,
  id: EnvironmentRecord['id'],
  use: Pick<MeasuredDisk, 'usedBytes' | 'availableBytes'>,
): Promise<void> {
  const record = context.registry.find(id);
  if (record === undefined) return;
  const was = record.measuredDisk?.nearlyFull ?? false;
  const nearlyFull = isNearlyFull(use, was);
  const measuredDisk = { ...use, measuredAt: new Date().toISOString(), nearlyFull };
  await context.registry.update(id, { measuredDisk }, { durability: 'relaxed' });
  if (nearlyFull === was) return;
  const total = formatBytes(use.usedBytes + use.availableBytes);
  const left = `${formatBytes(use.availableBytes)} of ${total} are left on its disk`;
  const remedy = `; grow it with \`./berth resize ${record.name} --disk ${record.shape.diskGib * 2}GiB\``;
  const kind = nearlyFull ? 'environment.disk-nearly-full' : 'environment.disk-relieved';
  context.events.append(kind, record.name, nearlyFull ? left + remedy : left);
}
