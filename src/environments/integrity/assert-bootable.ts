import { join } from 'node:path';
import { berthError } from '../../errors/index.ts';
import type { Context } from '../context.ts';
import type { EnvironmentRecord } from '../record.ts';

/**
 * Looks at what a machine is about to boot from: its own layer is what it left, and the books of each layer are right.
 * @throws `image-corrupt`; nothing was changed then
 */
export async function assertBootable(
  context: Context,
  record: EnvironmentRecord,
  signal: AbortSignal,
): Promise<void> {
  const { disk, name } = record;
  if (disk === undefined) return;
  context.seals.stop(record.id);
  await context.seals.assertUnchanged(record, { signal });
  const paths = [
    join(disk.directory, disk.top),
    ...disk.layers.map((id) => context.templates.files(id).disk),
  ];
  for (const path of paths) {
    const verdict = await context.hypervisor.checkDisk(path, signal);
    if (verdict.sound) continue;
    throw berthError('image-corrupt', `the disk of "${name}" is not used: ${path}: ${verdict.why}`, {
      remedy: `It stays as it is. Restore a backup with \`./berth backup restore ${name} --name ${name.slice(0, 31)}-restored\`, or let \`qemu-img check -r all\` mend a copy of the file.`,
    });
  }
}
