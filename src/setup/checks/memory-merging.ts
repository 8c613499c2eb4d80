import { formatBytes } from '../../base/index.ts';
import { type MemoryMerging, memoryMergingNow } from '../../host/index.ts';
import type { Finding } from '../../model/index.ts';
import { type Check, fine } from '../check.ts';

/** Tells whether equal memory of environments is merged. Off is as good as on: it is the operator's to weigh memory against isolation. */
export function judgeMemoryMerging(merging: MemoryMerging | undefined): Finding {
  const check = 'memory-merging';
  if (merging === undefined) return fine(check, 'this kernel cannot merge equal memory (KSM)');
  if (!merging.isOn) return fine(check, 'off: what environments have written is theirs alone');
  return fine(check, `on, for environments that allow it: ${formatBytes(merging.savedBytes)} saved`);
}

export const checkMemoryMerging: Check = async () => [judgeMemoryMerging(memoryMergingNow())];
