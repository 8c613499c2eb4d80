import { assertNever } from '../../base/index.ts';
import type { Machines } from '../../machines/index.ts';
import type { Context } from '../context.ts';
import { type OrphanRepair, orphansOf } from '../plan/differences.ts';

/** Takes away what belongs to nobody. Gone already is fine. */
export function removeOrphan(remains: Machines['remains'], repair: OrphanRepair): Promise<void> {
  switch (repair.do) {
    case 'end-process':
      return remains.endProcess(repair.process);
    case 'remove-directory':
      return remains.removeDirectory(repair.place, repair.id);
    case 'remove-cgroup':
      return remains.removeCgroup(repair.id);
    default:
      return assertNever(repair);
  }
}

/**
 * Removes processes, directories and control groups of machines that nobody knows, and tells of each. Only while nothing is under way. With `evenIfHeld`
 * those go as well that somebody keeps without a record.
 */
export async function removeOrphans(
  { machines, registry, events }: Context,
  { evenIfHeld = false }: { readonly evenIfHeld?: boolean } = {},
): Promise<void> {
  const { remains, holds } = machines;
  const books = { records: registry.list(), isHeld: (id: string) => !evenIfHeld && holds.has(id) };
  for (const { subject, act } of orphansOf(books, { machines: await remains.find() })) {
    await removeOrphan(remains, act);
    events.append('host.orphan-removed', subject, 'it belonged to no environment');
  }
}
