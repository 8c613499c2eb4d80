import type { CapacityDimension, CapacityDimensionName, ExpectedUse, HostCapacity } from '../model/index.ts';
import { expectedUse } from './expected-use.ts';
import { beyondHost } from './beyond-host.ts';
import type { Facts, HostFacts, MachineKind } from './facts.ts';
import { eachOf, howMany, type Room, roomsOf } from './room.ts';

const MIB = 1024 ** 2;

/** How many more machines of a kind fit on a host, by each thing that can run out, and which of them limits. */
export function hostCapacity(host: HostFacts, kind: MachineKind, facts: Facts): HostCapacity {
  const expected = expectedUse(kind, facts);
  const dimensions = roomsOf(host, facts).map((one) => dimension(host, kind, expected, one));
  const { more, limitedBy } = limitOf(host, kind, dimensions);
  return {
    name: host.name,
    added: host.added,
    running: facts.residents.filter((one) => one.host === host.name && one.life === 'running').length,
    naive: Math.min(...dimensions.flatMap(({ naive }) => naive ?? [])),
    more,
    limitedBy,
    dimensions,
  };
}

function dimension(host: HostFacts, kind: MachineKind, expected: ExpectedUse, one: Room): CapacityDimension {
  const each = eachOf(kind, expected)[one.name];
  const naive = naiveOf(host, kind, one);
  return {
    ...one,
    each,
    more: howMany(one.room, each),
    ...(naive === undefined ? {} : { naive }),
  };
}

/** `VMs = host resources / VM resources`: nothing shared, nothing committed twice, no reserve. */
function naiveOf(host: HostFacts, { shape }: MachineKind, { name }: Room): number | undefined {
  if (name === 'memory') return Math.floor(host.memoryTotalBytes / (shape.memoryMib * MIB));
  return name === 'vcpus' ? Math.floor(host.cpus / shape.vcpus) : undefined;
}

function limitOf(
  host: HostFacts,
  { shape }: MachineKind,
  dimensions: readonly CapacityDimension[],
): { readonly more: number; readonly limitedBy: CapacityDimensionName } {
  const [beyond] = beyondHost(shape, host);
  if (beyond !== undefined) return { more: 0, limitedBy: beyond.name };
  let limit: { more: number; limitedBy: CapacityDimensionName } | undefined;
  for (const { name, more, binding } of dimensions)
    if (binding && (limit === undefined || more < limit.more)) limit = { more, limitedBy: name };
  return limit ?? { more: 0, limitedBy: 'memory' };
}
