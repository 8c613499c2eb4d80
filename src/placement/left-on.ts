import type { Facts, HostFacts } from './facts.ts';
import { roomsOf } from './room.ts';

/** Memory and virtual CPUs. */
export interface Left {
  bytes: number;
  vcpus: number;
}

/** What of both is left on a host. */
export function leftOn(host: HostFacts, facts: Facts): Left {
  const rooms = roomsOf(host, facts);
  const left = (wanted: string) => rooms.find(({ name }) => name === wanted)?.room ?? 0;
  return { bytes: left('memory'), vcpus: left('vcpus') };
}
