import { availableParallelism, hostname } from 'node:os';
import { diskSpaceNow, fileDescriptorsNow, hostMemoryNow } from '../host/index.ts';
import type { Counted, HostFacts } from '../placement/index.ts';
import { ADDRESS_COUNT } from './plan/addresses.ts';

/** What this host has at this moment. Waits for nothing. */
export function hostFactsNow(o: {
  /** Directory of this installation: its file system holds the disks. */
  readonly home: string;
  readonly networkSlots: Counted;
  readonly environments: number;
}): HostFacts {
  const { totalBytes, availableBytes } = hostMemoryNow();
  const fileDescriptors = fileDescriptorsNow();
  return {
    name: hostname(),
    added: false,
    cpus: availableParallelism(),
    memoryTotalBytes: totalBytes,
    memoryAvailableBytes: availableBytes,
    disk: diskSpaceNow(o.home),
    ...(fileDescriptors === undefined ? {} : { fileDescriptors }),
    addresses: { total: ADDRESS_COUNT, used: o.environments },
    networkSlots: o.networkSlots,
  };
}
