import { formatBytes } from '../../base/index.ts';
import { diskSpace } from '../../host/index.ts';
import type { Finding } from '../../model/index.ts';
import { type Check, type CheckContext, fine, problem } from '../check.ts';

const GIB = 1024 ** 3;
/** A guest image while it is built, a template and a few environments. */
const LEAST_BYTES = 3 * GIB;
const COMFORTABLE_BYTES = 10 * GIB;

/** Judges the space that is free for BERTH_HOME. */
export function judgeDisk(home: string, freeBytes: number): Finding {
  const message = `${formatBytes(freeBytes)} free for ${home}`;
  const remedy = 'free some space, or set BERTH_HOME to a directory on a larger disk';
  if (freeBytes < LEAST_BYTES) {
    return problem(
      'disk',
      'error',
      `${message}: building the guest image takes ${formatBytes(LEAST_BYTES)}`,
      remedy,
    );
  }
  if (freeBytes < COMFORTABLE_BYTES)
    return problem('disk', 'warning', `${message}: that fills up soon`, remedy);
  return fine('disk', message);
}

export const checkDisk: Check = async ({ home }: CheckContext) => [
  judgeDisk(home, (await diskSpace(home)).freeBytes),
];
