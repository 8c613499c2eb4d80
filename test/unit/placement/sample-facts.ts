import fc from 'fast-check';
import { kindKey } from '../../../src/placement/facts.ts';
import type { Facts, HostFacts, MachineKind, MeasuredUse, Resident } from '../../../src/placement/index.ts';

export const MIB = 1024 ** 2;
export const GIB = 1024 ** 3;
export const SMALL: MachineKind = { start: 'fork', shape: { vcpus: 1, memoryMib: 512 }, project: 'shop' };

export function host(change: Partial<HostFacts> = {}): HostFacts {
  return {
    ...{ name: 'one', added: false, cpus: 4, memoryTotalBytes: 16 * GIB, memoryAvailableBytes: 14 * GIB },
    disk: { totalBytes: 200 * GIB, freeBytes: 100 * GIB },
    fileDescriptors: { total: 100_000, used: 100 },
    addresses: { total: 65_024, used: 0 },
    networkSlots: { total: 500_000, used: 0 },
    ...change,
  };
}

export function resident(change: Partial<Resident> = {}): Resident {
  return {
    ...{ ...SMALL, name: 'a', host: 'one', life: 'running', pooled: false, settled: true },
    ...{ ownBytes: 64 * MIB, diskBytes: 8 * MIB, cpuPercent: 1 },
    ...change,
  };
}

export function facts(change: Partial<Facts> = {}): Facts {
  return {
    hosts: [host()],
    residents: [],
    remembered: new Map(),
    admitted: { count: 0, vcpus: 0, memoryBytes: 0, diskBytes: 0, addresses: 0 },
    sharedBytes: 0,
    settings: { vcpusPerCpu: 128 },
    ...change,
  };
}

const shapes = fc.record({
  vcpus: fc.integer({ min: 1, max: 8 }),
  memoryMib: fc.integer({ min: 256, max: 8192 }),
});

export const anyKind: fc.Arbitrary<MachineKind> = fc.record({
  start: fc.constantFrom('fork', 'up', 'boot', 'wake'),
  shape: shapes,
  project: fc.constantFrom('shop', 'blog'),
});

const anyHost: fc.Arbitrary<HostFacts> = fc
  .record({
    cpus: fc.integer({ min: 1, max: 64 }),
    totalMib: fc.integer({ min: 1024, max: 256 * 1024 }),
    available: fc.double({ min: 0, max: 1, noNaN: true }),
    diskFree: fc.double({ min: 0, max: 1, noNaN: true }),
    descriptors: fc.integer({ min: 256, max: 100_000 }),
  })
  .map(({ cpus, totalMib, available, diskFree, descriptors }) =>
    host({
      cpus,
      memoryTotalBytes: totalMib * MIB,
      memoryAvailableBytes: Math.floor(totalMib * MIB * available),
      disk: { totalBytes: 500 * GIB, freeBytes: Math.floor(500 * GIB * diskFree) },
      fileDescriptors: { total: descriptors, used: 100 },
    }),
  );

const anyResident: fc.Arbitrary<Resident> = fc
  .record({
    kind: anyKind,
    life: fc.constantFrom('running', 'held', 'asleep', 'down'),
    hostIndex: fc.integer({ min: 0, max: 2 }),
    ownMib: fc.integer({ min: 1, max: 4096 }),
    cpuPercent: fc.double({ min: 0, max: 200, noNaN: true }),
    pooled: fc.boolean(),
    settled: fc.boolean(),
  })
  .map(({ kind, life, hostIndex, ownMib, cpuPercent, pooled, settled }) => {
    const {
      ownBytes: _own,
      cpuPercent: _cpu,
      ...rest
    } = resident({
      ...{ ...kind, life, host: `host-${hostIndex}`, settled },
      pooled: pooled && hostIndex === 0 && life === 'held',
    });
    return life === 'running' || life === 'held' ? { ...rest, ownBytes: ownMib * MIB, cpuPercent } : rest;
  });

const anyMemory = fc
  .record({ kind: anyKind, ownMib: fc.integer({ min: 1, max: 4096 }) })
  .map(({ kind, ownMib }): [string, MeasuredUse] => [
    kindKey(kind),
    { medianBytes: ownMib * MIB, p95Bytes: 2 * ownMib * MIB, samples: 2 },
  ]);

export const anyFacts: fc.Arbitrary<Facts> = fc
  .record({
    hosts: fc.array(anyHost, { minLength: 1, maxLength: 3 }),
    residents: fc.array(anyResident, { maxLength: 12 }),
    remembered: fc.array(anyMemory, { maxLength: 2 }),
    admittedMib: fc.integer({ min: 0, max: 2048 }),
    admittedCount: fc.integer({ min: 0, max: 5 }),
    sharedMib: fc.integer({ min: 0, max: 1024 }),
    vcpusPerCpu: fc.integer({ min: 1, max: 200 }),
    reserveMib: fc.option(fc.integer({ min: 0, max: 8192 }), { nil: undefined }),
  })
  .map(
    ({
      hosts,
      residents,
      remembered,
      admittedMib,
      admittedCount: count,
      sharedMib,
      vcpusPerCpu,
      reserveMib,
    }) => {
      const [first = host(), ...others] = hosts.map((one, index) => ({ ...one, name: `host-${index}` }));
      const memoryBytes = admittedMib * MIB;
      return {
        hosts: [first, ...others],
        residents,
        remembered: new Map(remembered),
        admitted: { count, vcpus: count, memoryBytes, diskBytes: 0, addresses: count },
        sharedBytes: sharedMib * MIB,
        settings: {
          vcpusPerCpu,
          ...(reserveMib === undefined ? {} : { memoryReserveBytes: reserveMib * MIB }),
        },
      };
    },
  );
