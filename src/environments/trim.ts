import { formatBytes } from '../base/index.ts';
import { allocatedBytes } from '../host/index.ts';
import type { Operation } from '../model/index.ts';
import type { Context } from './context.ts';
import type { EnvironmentRecord } from './record.ts';
import { assertUnclaimed } from './registry.ts';
import { measureStorage } from './storage.ts';

const TRIM_TIMEOUT_MS = 300_000;
/** Space that was just freed can be given back only when the file system has written that down. */
const TRIM = ['sh', '-c', 'sync && exec fstrim /'];

/** Bytes that an environment's own disk layers occupied on the host, before and after a trim. */
export interface TrimReport {
  readonly beforeBytes: number;
  readonly afterBytes: number;
}

/** Gives what the guest no longer uses of its disk back to the host. @throws `not-running` */
export async function startTrim(
  context: Context,
  name: string,
  o: { readonly idempotencyKey?: string },
): Promise<Operation> {
  const known = context.registry.get(name);
  assertUnclaimed(known);
  context.sessions.get(known);
  return context.operations.start(
    'trim',
    [known.name],
    { id: known.id },
    async (operation) => {
      const record = await context.registry.claim(known.id, operation.id);
      try {
        await operation.step('trim', `trim the disk of ${record.name}`, async (step) =>
          step.detail(trimText(await trimDisk(context, record, operation.signal))),
        );
        await measureStorage(context, record.id);
      } finally {
        await context.registry.update(record.id, { operation: undefined });
      }
      return { names: [record.name] };
    },
    o,
  );
}

/** Lets the guest of a running environment tell which parts of its disk are free; the host's file system has them back then. */
export async function trimDisk(
  context: Context,
  record: EnvironmentRecord,
  signal: AbortSignal,
): Promise<TrimReport> {
  const directory = record.disk?.directory ?? '';
  const beforeBytes = await allocatedBytes(directory);
  await context.sessions.shell(record).exec(TRIM, { timeoutMs: TRIM_TIMEOUT_MS, signal });
  return { beforeBytes, afterBytes: await allocatedBytes(directory) };
}

/** `412 MiB of disk given back: 640 MiB before, 228 MiB now` */
export function trimText({ beforeBytes, afterBytes }: TrimReport): string {
  const back = formatBytes(Math.max(0, beforeBytes - afterBytes));
  return `${back} of disk given back: ${formatBytes(beforeBytes)} before, ${formatBytes(afterBytes)} now`;
}
