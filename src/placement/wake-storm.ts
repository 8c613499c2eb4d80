import type { WakeStorm } from '../model/index.ts';
import { expectedUse } from './expected-use.ts';
import type { Facts, Resident } from './facts.ts';
import { leftOn } from './left-on.ts';

/** What happens when everything that sleeps or stands still is wanted at the same moment. Those that need least come first. */
export function wakeStorm(facts: Facts): WakeStorm {
  const wakers = facts.residents.filter(({ life }) => life === 'asleep' || life === 'held');
  const needs = wakers.map((one) => ({ host: one.host, vcpus: one.shape.vcpus, bytes: bytesOf(one, facts) }));
  const rooms = new Map(facts.hosts.map((host) => [host.name, leftOn(host, facts)]));
  const before = [...rooms.values()];
  const memoryRoomBytes = before.reduce((sum, { bytes }) => sum + bytes, 0);
  const vcpusRoom = before.reduce((sum, { vcpus }) => sum + vcpus, 0);
  let fitting = 0;
  for (const need of needs.toSorted((a, b) => a.bytes - b.bytes || a.vcpus - b.vcpus)) {
    const left = rooms.get(need.host);
    if (left === undefined || left.bytes < need.bytes || left.vcpus < need.vcpus) continue;
    rooms.set(need.host, { bytes: left.bytes - need.bytes, vcpus: left.vcpus - need.vcpus });
    fitting += 1;
  }
  return {
    machines: needs.length,
    fitting,
    fits: fitting === needs.length,
    memoryNeededBytes: needs.reduce((sum, { bytes }) => sum + bytes, 0),
    memoryRoomBytes,
    vcpusNeeded: needs.reduce((sum, { vcpus }) => sum + vcpus, 0),
    vcpusRoom,
  };
}

/** One that stands still has its memory; what it may grow by is set aside for it already. */
function bytesOf(one: Resident, facts: Facts): number {
  return one.life === 'held' ? 0 : expectedUse({ ...one, start: 'wake' }, facts).memoryBytes;
}
