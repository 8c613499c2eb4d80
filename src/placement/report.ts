import type { CapacityReport, HostCapacity } from '../model/index.ts';
import { hostCapacity } from './capacity.ts';
import { expectedUse } from './expected-use.ts';
import type { Facts, MachineKind } from './facts.ts';
import { hostLoss } from './host-loss.ts';
import { memoryGrowth, memoryReserve } from './room.ts';
import { wakeStorm } from './wake-storm.ts';
import { pooledBytes, withoutPools } from './without-pools.ts';

/** What is asked. */
export interface CapacityQuestion {
  readonly kind: MachineKind;
  /** Environment or template that {@link kind} is of. */
  readonly source?: string;
  readonly count?: number;
}

/** Everything that `berth capacity` tells. Warm forks count as room: they are given up for an environment. */
export function capacityReport(question: CapacityQuestion, now: Facts): CapacityReport {
  const { kind, source, count } = question;
  const facts = withoutPools(now);
  const [first, ...others] = facts.hosts;
  const hosts: readonly [HostCapacity, ...HostCapacity[]] = [
    hostCapacity(first, kind, facts),
    ...others.map((host) => hostCapacity(host, kind, facts)),
  ];
  const more = hosts.reduce((sum, one) => sum + one.more, 0);
  // Where all hosts are full, each by something of its own, the largest is told of.
  const fullest = hosts.reduce((most, one) => (one.more > most.more ? one : most));
  return {
    shape: { vcpus: kind.shape.vcpus, memoryMib: kind.shape.memoryMib },
    ...(source === undefined ? {} : { source }),
    expected: expectedUse(kind, facts),
    memoryReserveBytes: memoryReserve(first.memoryTotalBytes, facts),
    memorySharedBytes: facts.sharedBytes,
    memoryGrowthBytes: memoryGrowth(first.name, facts),
    memoryAdmittedBytes: facts.admitted.memoryBytes,
    memoryPooledBytes: pooledBytes(now.residents),
    hosts,
    naive: hosts.reduce((sum, one) => sum + one.naive, 0),
    more,
    limitedBy: fullest.limitedBy,
    wakeStorm: wakeStorm(facts),
    hostLoss: hostLoss(facts),
    ...(count === undefined
      ? {}
      : { count: { asked: count, fits: count <= more, fitting: Math.min(count, more) } }),
  };
}
