import fc from 'fast-check';
import { expect, test } from 'vitest';
import { kindKey } from '../../../src/placement/facts.ts';
import {
  capacityReport,
  expectedUse,
  judgeAdmission,
  usesOf,
  withoutPools,
} from '../../../src/placement/index.ts';
import { anyFacts, anyKind, facts, GIB, host, MIB, resident, SMALL } from './sample-facts.ts';

const RUNS = { numRuns: 500 };

test('the count that is told is admitted, and one more is not', () => {
  fc.assert(
    fc.property(anyFacts, anyKind, (all, kind) => {
      const now = withoutPools({ ...all, hosts: [all.hosts[0]] });
      const { more } = capacityReport({ kind }, now);
      const admitted = judgeAdmission({ kind, count: more }, now) === undefined;
      const refusal = judgeAdmission({ kind, count: more + 1 }, now);
      return admitted && refusal?.fitting === more && refusal.needed > refusal.room;
    }),
    RUNS,
  );
});

test('more memory, disk and CPUs never give less room; more that runs and more reserve never give more', () => {
  fc.assert(
    fc.property(anyFacts, anyKind, fc.integer({ min: 0, max: 8 * GIB }), (all, kind, bytes) => {
      const alone = { ...all, hosts: [all.hosts[0]] } as const;
      const [first] = alone.hosts;
      const { more } = capacityReport({ kind }, alone);
      const larger = {
        ...first,
        cpus: first.cpus + 1,
        memoryAvailableBytes: first.memoryAvailableBytes + bytes,
        disk: { totalBytes: 500 * GIB, freeBytes: (first.disk?.freeBytes ?? 0) + bytes },
      };
      const admitted = { ...alone.admitted, memoryBytes: alone.admitted.memoryBytes + bytes };
      const reserve = { ...alone.settings, memoryReserveBytes: 64 * GIB + bytes };
      expect(capacityReport({ kind }, { ...alone, hosts: [larger] }).more).toBeGreaterThanOrEqual(more);
      expect(capacityReport({ kind }, { ...alone, admitted }).more).toBeLessThanOrEqual(more);
      expect(capacityReport({ kind }, { ...alone, settings: reserve }).more).toBeLessThanOrEqual(more);
    }),
    RUNS,
  );
});

test('every figure is a figure, the smallest binding dimension limits, hosts add up', () => {
  fc.assert(
    fc.property(anyFacts, anyKind, (all, kind) => {
      const report = capacityReport({ kind }, all);
      for (const { dimensions, more, limitedBy } of report.hosts) {
        for (const one of dimensions)
          expect([one.total, one.room, one.each, one.more].every((value) => value >= 0)).toBe(true);
        const binding = dimensions.filter((one) => one.binding);
        expect(binding.map(({ name }) => name)).toContain(limitedBy);
        expect(binding.every((one) => one.more >= more)).toBe(true);
      }
      expect(report.more).toBe(report.hosts.reduce((sum, one) => sum + one.more, 0));
      expect(Number.isFinite(report.naive)).toBe(true);
    }),
    RUNS,
  );
});

test('a wake storm and the loss of a host neither make nor lose environments', () => {
  fc.assert(
    fc.property(anyFacts, anyKind, (all, kind) => {
      const { wakeStorm, hostLoss, hosts } = capacityReport({ kind }, all);
      expect(wakeStorm.fitting).toBeLessThanOrEqual(wakeStorm.machines);
      expect(wakeStorm.fits).toBe(wakeStorm.fitting === wakeStorm.machines);
      expect(hostLoss.elsewhere + hostLoss.lost).toBe(hostLoss.environments);
      if (hosts.length === 1) expect(hostLoss.elsewhere).toBe(0);
    }),
    RUNS,
  );
});

test('what is expected lies between what was measured and the whole shape', () => {
  fc.assert(
    fc.property(anyFacts, anyKind, (all, kind) => {
      const { memoryBytes, p95Bytes, basis, samples } = expectedUse(kind, all);
      const whole = (kind.shape.memoryMib + 48) * MIB;
      expect(memoryBytes).toBeGreaterThan(0);
      expect(memoryBytes).toBeLessThanOrEqual(whole);
      expect(basis === 'assumed').toBe(samples === 0);
      if (p95Bytes !== undefined) expect(memoryBytes).toBeGreaterThanOrEqual(Math.min(p95Bytes, whole));
    }),
    RUNS,
  );
});

test('forks are not charged their whole shape, but what their like were measured to take', () => {
  const assumed = capacityReport({ kind: SMALL }, facts());
  expect(assumed.expected).toMatchObject({ basis: 'assumed', memoryBytes: 176 * MIB });
  const residents = Array.from({ length: 4 }, (_, index) => resident({ name: `shop-${index}` }));
  const measured = capacityReport({ kind: SMALL }, facts({ residents }));
  expect(measured.expected).toMatchObject({
    ...{ basis: 'kind', samples: 4, memoryBytes: 80 * MIB },
    ...{ medianBytes: 64 * MIB, p95Bytes: 64 * MIB },
  });
  // 14 GiB available less 5 % of 16 GiB and 16 MiB of growth for each of the four.
  expect(measured.more).toBe(
    Math.floor((14 * GIB - Math.round(0.05 * 16 * GIB) - 4 * 16 * MIB) / (80 * MIB)),
  );
  expect(measured).toMatchObject({ naive: 4, limitedBy: 'memory', memoryGrowthBytes: 64 * MIB });
  // Its own kind goes before others of the shape; those that have only just begun are no measure.
  const other = resident({ project: 'blog', ownBytes: 200 * MIB });
  expect(expectedUse(SMALL, facts({ residents: [other] })).basis).toBe('shape');
  expect(expectedUse(SMALL, facts({ residents: [other, resident()] }))).toMatchObject({
    basis: 'kind',
    memoryBytes: 80 * MIB,
  });
  expect(expectedUse(SMALL, facts({ residents: [resident({ settled: false })] })).basis).toBe('assumed');
});

test('what was measured before goes for those that come after, until enough of them run', () => {
  const use = { medianBytes: 100 * MIB, p95Bytes: 110 * MIB, samples: 9 };
  const remembered = new Map([[kindKey(SMALL), use]]);
  const of = (running: number) =>
    expectedUse(SMALL, facts({ remembered, residents: Array.from({ length: running }, () => resident()) }));
  expect(of(0)).toMatchObject({
    basis: 'remembered',
    samples: 9,
    memoryBytes: 125 * MIB,
    p95Bytes: 110 * MIB,
  });
  expect(of(2).basis).toBe('remembered');
  expect(of(3)).toMatchObject({ basis: 'kind', samples: 3, memoryBytes: 80 * MIB });
  expect(usesOf([resident(), resident({ ownBytes: 70 * MIB }), resident({ settled: false })])).toEqual(
    new Map([[kindKey(SMALL), { medianBytes: 64 * MIB, p95Bytes: 70 * MIB, samples: 2 }]]),
  );
});

test('a machine that boots from its disk shares nothing', () => {
  expect(expectedUse({ ...SMALL, start: 'boot' }, facts({ residents: [resident()] }))).toMatchObject({
    basis: 'assumed',
    memoryBytes: 560 * MIB,
  });
});

test('what is told only does not limit; each of the others can', () => {
  const busy = Array.from({ length: 4 }, () => resident({ cpuPercent: 100 }));
  const { hosts } = capacityReport({ kind: SMALL }, facts({ residents: busy }));
  expect(hosts[0]?.dimensions.find(({ name }) => name === 'idle-cpu')).toMatchObject({
    more: 0,
    binding: false,
  });
  expect(hosts[0]?.more).toBeGreaterThan(0);
  const limits = (change: Parameters<typeof host>[0], settings = { vcpusPerCpu: 128 }) => {
    const { limitedBy, more } = capacityReport({ kind: SMALL }, facts({ hosts: [host(change)], settings }));
    return [limitedBy, more];
  };
  expect(limits({}, { vcpusPerCpu: 1 })).toEqual(['vcpus', 4]);
  expect(limits({ disk: { totalBytes: 10 * GIB, freeBytes: GIB } })).toEqual(['disk', 16]);
  expect(limits({ addresses: { total: 10, used: 7 } })).toEqual(['addresses', 3]);
  expect(limits({ fileDescriptors: { total: 256, used: 64 } })).toEqual(['file-descriptors', 4]);
  expect(limits({ networkSlots: { total: 2, used: 2 } })).toEqual(['network-slots', 0]);
  expect(limits({ cpus: 0 })).toEqual(['vcpus', 0]);
  expect(limits({ memoryTotalBytes: 256 * MIB })).toEqual(['memory', 0]);
});

test('warm forks count as room for environments', () => {
  const warm = resident({ life: 'held', pooled: true, settled: false, ownBytes: 50 * MIB });
  const report = capacityReport({ kind: SMALL }, facts({ residents: [warm] }));
  expect(report.memoryPooledBytes).toBe(50 * MIB);
  const there = facts({ hosts: [host({ memoryAvailableBytes: 14 * GIB + 50 * MIB })] });
  expect(report.more).toBe(capacityReport({ kind: SMALL }, there).more);
});

test('all that sleep at once: what is missing is told', () => {
  const sleepers = Array.from({ length: 100 }, (_, index) => {
    const { ownBytes: _own, ...rest } = resident({ name: `s-${index}`, life: 'asleep' });
    return rest;
  });
  const { wakeStorm } = capacityReport(
    { kind: SMALL },
    facts({ residents: sleepers, hosts: [host({ memoryAvailableBytes: 4 * GIB })] }),
  );
  expect(wakeStorm).toMatchObject({ machines: 100, fits: false, memoryNeededBytes: 100 * 176 * MIB });
  expect(wakeStorm.fitting).toBe(Math.floor(wakeStorm.memoryRoomBytes / (176 * MIB)));
  // One that stands still has its memory already.
  const held = facts({ residents: [resident({ life: 'held' })] });
  expect(capacityReport({ kind: SMALL }, held).wakeStorm).toMatchObject({
    machines: 1,
    fits: true,
    memoryNeededBytes: 0,
  });
});

test('the loss of the only host loses all; of the larger of two, what the other has no room for', () => {
  const residents = Array.from({ length: 6 }, (_, index) => resident({ name: `r-${index}` }));
  expect(capacityReport({ kind: SMALL }, facts({ residents })).hostLoss).toEqual({
    ...{ host: 'one', environments: 6, elsewhere: 0, lost: 6 },
  });
  const two = host({ name: 'two', memoryTotalBytes: 4 * GIB, memoryAvailableBytes: 3 * GIB });
  const { hostLoss } = capacityReport({ kind: SMALL }, facts({ residents, hosts: [host(), two] }));
  // Started from nothing they take their whole shape: 3 GiB less the reserve hold four of 560 MiB.
  expect(hostLoss).toEqual({ host: 'one', environments: 6, elsewhere: 4, lost: 2 });
});

test('a count is answered over all hosts', () => {
  const kind = { ...SMALL, shape: { vcpus: 1, memoryMib: 4096 } };
  const one = capacityReport({ kind, count: 20 }, facts());
  expect(one.count).toEqual({ asked: 20, fits: false, fitting: one.more });
  const { name: _name, disk: _disk, ...size } = host({ memoryAvailableBytes: 16 * GIB });
  const added = { ...size, name: 'added-1', added: true };
  const both = capacityReport({ kind, count: 20 }, facts({ hosts: [host(), added] }));
  expect(both.count).toEqual({ asked: 20, fits: true, fitting: 20 });
  expect(both.hosts.map((each) => [each.name, each.added])).toEqual([
    ['one', false],
    ['added-1', true],
  ]);
});

test('what is written once for all counts once, and what is given back before counts as left', () => {
  const disk = { totalBytes: 10 * GIB, freeBytes: GIB };
  const now = facts({ hosts: [host({ disk })] });
  expect(judgeAdmission({ kind: SMALL, count: 2, onceDiskBytes: 512 * MIB }, now)).toMatchObject({
    ...{ dimension: 'disk', unit: 'bytes', needed: 576 * MIB, room: 512 * MIB, fitting: 0 },
  });
  const full = facts({ hosts: [host({ memoryAvailableBytes: 0 })] });
  expect(judgeAdmission({ kind: SMALL, count: 1 }, full)?.dimension).toBe('memory');
  expect(judgeAdmission({ kind: SMALL, count: 1, freedBytes: GIB }, full)).toBeUndefined();
  expect(judgeAdmission({ kind: SMALL, count: 0 }, full)).toBeUndefined();
});
