import { crashPoint } from '../host/index.ts';
import { join } from 'node:path';
import type { ResizeRequest } from '../contract/index.ts';
import { berthError } from '../errors/index.ts';
import type { Operation } from '../model/index.ts';
import type { OperationContext } from '../operations/index.ts';
import type { Context } from './context.ts';
import type { EnvironmentRecord } from './record.ts';
import { assertUnclaimed } from './registry.ts';
import { measureStorage } from './storage.ts';

const GROW_TIMEOUT_MS = 120_000;

/** Makes an environment's disk larger, running or not. @throws `bad-request` when it would become smaller */
export async function startResize(
  context: Context,
  name: string,
  request: ResizeRequest,
  o: { readonly idempotencyKey?: string },
): Promise<Operation> {
  const known = context.registry.get(name);
  assertUnclaimed(known);
  if (known.disk === undefined || known.unresponsive === true) {
    const why = known.disk === undefined ? 'has no disk' : 'has a machine that does not answer';
    throw berthError('not-running', `environment "${known.name}" ${why}`, {
      remedy: `See why: \`./berth inspect ${known.name}\`.`,
    });
  }
  assertGrows(known, request.diskGib);
  return context.operations.start(
    'resize',
    [known.name],
    { id: known.id, ...request },
    (operation) => resize(context, known, request.diskGib, operation),
    o,
  );
}

function assertGrows({ name, shape }: EnvironmentRecord, diskGib: number): void {
  if (diskGib >= shape.diskGib) return;
  const message = `a disk can only grow, and this one has ${shape.diskGib} GiB`;
  throw berthError('bad-request', `the disk of "${name}" cannot become smaller`, {
    problems: [{ path: 'diskGib', message }],
    remedy:
      'Unused space of a disk takes no room on the host; `./berth trim NAME` gives back what was deleted.',
  });
}

/** Grows disk and file system; may be called again for what an earlier daemon did not finish. */
export async function resize(
  context: Context,
  known: EnvironmentRecord,
  diskGib: number,
  operation: OperationContext,
): Promise<{ names: string[] }> {
  const record = await context.registry.claim(known.id, operation.id);
  try {
    assertGrows(record, diskGib);
    await context.registry.update(record.id, { resizing: diskGib });
    crashPoint('resize.noted');
    await operation.step('disk', `grow the disk to ${diskGib} GiB`, () => settleResize(context, record));
    crashPoint('resize.shape-noted');
    if (context.sessions.find(record.id) === undefined) {
      await operation.step('file-system', 'its file system grows with the next start', () => undefined);
    } else {
      await operation.step('file-system', 'grow its file system', () =>
        growFileSystem(context, record, operation.signal),
      );
      await measureStorage(context, record.id);
    }
  } finally {
    await context.registry.update(record.id, { operation: undefined });
  }
  return { names: [record.name] };
}

/**
 * Gives the disk the size that was written down, and notes that it has it. Also called for what an earlier daemon left: the file system of a guest that
 * runs then grows with its next start.
 */
export async function settleResize(context: Context, known: EnvironmentRecord): Promise<void> {
  const record = context.registry.get(known.id);
  const { resizing: diskGib, disk } = record;
  if (diskGib === undefined || disk === undefined) return;
  const session = context.sessions.find(record.id);
  if (session === undefined) await growStillDisk(context, record, disk, diskGib);
  else await session.machine.running.growDisk(diskGib);
  crashPoint('resize.disk-grown');
  const shape = { ...record.shape, diskGib };
  await context.registry.update(record.id, {
    shape,
    boot: { ...record.boot, shape },
    resizing: undefined,
    // A stopped disk is as full as before, of a size that nobody has measured yet.
    ...(session === undefined ? { measuredDisk: undefined } : {}),
  });
}

/** Its seal ends before: what an interrupted change leaves is not what it had left. */
async function growStillDisk(
  context: Context,
  { id }: EnvironmentRecord,
  disk: NonNullable<EnvironmentRecord['disk']>,
  diskGib: number,
): Promise<void> {
  context.seals.stop(id);
  await context.registry.update(id, { seals: undefined });
  await context.hypervisor.growDisk(join(disk.directory, disk.top), diskGib);
}

async function growFileSystem(
  context: Context,
  record: EnvironmentRecord,
  signal: AbortSignal,
): Promise<void> {
  const options = { timeoutMs: GROW_TIMEOUT_MS, signal };
  await context.sessions.shell(record).exec(['resize2fs', '/dev/vda'], options);
}
