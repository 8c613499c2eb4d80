import { formatBytes } from '../../base/index.ts';
import { hostMemory } from '../../host/index.ts';
import type { Finding } from '../../model/index.ts';
import { type Check, fine, problem } from '../check.ts';

const MIB = 1024 * 1024;
/** One machine of the smallest shape, its QEMU and the daemon. */
const LEAST_BYTES = 768 * MIB;
const COMFORTABLE_BYTES = 2048 * MIB;

/** Judges the host's memory. */
export function judgeMemory(memory: { totalBytes: number; availableBytes: number }): Finding {
  const message = `${formatBytes(memory.totalBytes)} of memory, ${formatBytes(memory.availableBytes)} available`;
  const remedy = 'stop other programs, or add memory to the host';
  if (memory.availableBytes < LEAST_BYTES) {
    return problem('memory', 'error', `${message}: one machine needs ${formatBytes(LEAST_BYTES)}`, remedy);
  }
  if (memory.availableBytes < COMFORTABLE_BYTES) {
    return problem('memory', 'warning', `${message}: that is enough for very few environments`, remedy);
  }
  return fine('memory', message);
}

export const checkMemory: Check = async () => [judgeMemory(await hostMemory())];
