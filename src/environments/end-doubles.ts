import type { Context } from './context.ts';
import type { EnvironmentRecord } from './record.ts';

/**
 * Ends machines of environments that are not the ones on record: an earlier daemon had started them and died before it could write that down. Nothing
 * of them was reachable, and each would have the disk of another that is to come.
 */
export async function endDoubles(context: Context, records: readonly EnvironmentRecord[]): Promise<void> {
  const known = new Map<string, EnvironmentRecord>(records.map((record) => [record.id, record]));
  for (const { id, process } of await context.hypervisor.findProcesses(context.home)) {
    const record = known.get(id);
    if (record === undefined || record.process?.process.pid === process.pid) continue;
    await context.machines.endDouble(id, process, { isOnly: record.process === undefined });
    context.events.append(
      'host.orphan-removed',
      record.name,
      `process ${process.pid}: a start of it that the daemon's end cut off`,
    );
  }
}
