import { berthError } from '../../errors/index.ts';
import type { SnapshotDiff } from '../../model/index.ts';
import type { Context } from '../context.ts';
import type { EnvironmentRecord } from '../record.ts';

export async function diffSnapshots(
  _context: Context,
  record: EnvironmentRecord,
  ref: string,
  _to: string | undefined,
): Promise<SnapshotDiff> {
  throw berthError('internal', `no diff of ${record.name} ${ref} yet`);
}
