import { describe, expect, test } from 'vitest';
import {
  type Books,
  compare,
  type FoundEnvironment,
  lasting,
  type Reality,
} from '../../../../src/environments/plan/differences.ts';
import type { EnvironmentRecord } from '../../../../src/environments/index.ts';
import type { EnvironmentId, OperationId, PublishedPort, TemplateId } from '../../../../src/model/index.ts';
import type { NetworkSlot } from '../../../../src/network/index.ts';

const SHOP = 'env-000000000001' as EnvironmentId;
const SLOT: NetworkSlot = {
  ...{ index: 7, namespace: 'berth-abcdef-7', tap: 'tap0', mac: '52:54:00:62:74:68' },
  guestReachableAt: '100.96.0.30',
};
const PROCESS = { process: { pid: 100, startTicks: 5 }, slot: SLOT };
const PORT: PublishedPort = {
  ...{ service: 'web', protocol: 'tcp', hostAddress: '127.88.0.1', hostPort: 80 },
  ...{ guestPort: 80, containerPort: 80 },
};
const FINE: FoundEnvironment = {
  ...{ isAlive: true, isTaken: true, hasDisk: true, hasEndpoint: true, closedPorts: [] },
};

function record(change: Partial<EnvironmentRecord> = {}): EnvironmentRecord {
  const disk = { directory: '/home/environments/x', top: 'disk-0.qcow2', layers: ['tpl-1' as TemplateId] };
  return { id: SHOP, name: 'shop', state: 'running', disk, process: PROCESS, ...change } as EnvironmentRecord;
}

function books(change: Partial<Books> = {}): Books {
  return { records: [record()], busy: new Set(), isHeld: () => false, isRunning: () => false, ...change };
}

function reality(found: Partial<FoundEnvironment> = {}, change: Partial<Reality> = {}): Reality {
  return {
    machines: {
      processes: [{ id: SHOP, process: PROCESS.process }],
      directories: [{ id: SHOP, place: 'environments' }],
      cgroups: [{ id: SHOP, pids: [100] }],
    },
    environments: new Map([[SHOP, { ...FINE, ...found }]]),
    slots: { orphans: [], broken: [] },
    ...{ incompleteTemplates: [], straySockets: [] },
    ...change,
  };
}

const acts = (b: Books, r: Reality) => compare(b, r).map(({ kind, act }) => [kind, act?.do]);

test('nothing differs where everything is as it is written down', () => {
  expect(compare(books(), reality())).toEqual([]);
});

describe('a machine', () => {
  test('that runs and is not spoken with is taken over; one that has ended is noted', () => {
    expect(acts(books(), reality({ isTaken: false }))).toEqual([['machine-not-taken', 'settle']]);
    expect(acts(books(), reality({ isAlive: false, isTaken: false }))).toEqual([['machine-gone', 'settle']]);
  });

  test('that an environment is said to have and has not is noted', () => {
    const { process: _process, ...without } = record();
    const none = books({ records: [without] });
    expect(acts(none, reality({ isAlive: false, isTaken: false }))).toContainEqual([
      'machine-missing',
      'settle',
    ]);
    const stopped = books({ records: [{ ...without, state: 'stopped' }] });
    expect(acts(stopped, reality({ isAlive: false, isTaken: false, hasDisk: false }))).toEqual([
      ['disk-missing', 'settle'],
    ]);
  });

  test('outside of its control group is put back; one whose disk was unlinked is told of and goes on', () => {
    const machines = { ...reality().machines, cgroups: [{ id: SHOP, pids: [] }] };
    expect(acts(books(), reality({}, { machines }))).toEqual([['cgroup-left', 'join-cgroup']]);
    const [unlinked] = compare(books(), reality({ hasDisk: false }));
    expect(unlinked).toMatchObject({ kind: 'disk-unlinked', remedy: expect.stringContaining('berth') });
    expect(unlinked?.act).toBeUndefined();
  });
});

test('sockets and ports that are not open are opened, but the ports of one that does not serve', () => {
  const closed = reality({ hasEndpoint: false, closedPorts: [PORT] });
  expect(acts(books(), closed)).toEqual([
    ['endpoint-closed', 'open-endpoint'],
    ['port-closed', 'open-ports'],
  ]);
  const degraded = books({ records: [record({ state: 'degraded' })] });
  expect(acts(degraded, closed)).toEqual([['endpoint-closed', 'open-endpoint']]);
});

describe('what an operation uses', () => {
  test('is left alone', () => {
    const operation = 'op-000000000001' as OperationId;
    const claimed = books({
      records: [record({ operation, state: 'starting' })],
      busy: new Set([SHOP]),
      isRunning: () => true,
    });
    const broken = { slot: SLOT, missing: 'both' } as const;
    const torn = reality(
      { isAlive: false, isTaken: false, hasDisk: false, hasEndpoint: false, closedPorts: [PORT] },
      { slots: { orphans: [], broken: [broken] } },
    );
    expect(compare(claimed, torn)).toEqual([]);
  });

  test('is free again when the operation has ended', () => {
    const operation = 'op-000000000001' as OperationId;
    const claimed = books({ records: [record({ operation })], busy: new Set([SHOP]) });
    expect(acts(claimed, reality())).toEqual([['stale-claim', 'unclaim']]);
  });
});

describe('what belongs to nobody', () => {
  const OTHER = 'env-00000000000f';
  const machines = {
    processes: [{ id: OTHER, process: { pid: 200, startTicks: 6 } }],
    directories: [{ id: OTHER, place: 'builds' as const }],
    cgroups: [
      { id: OTHER, pids: [200] },
      { id: SHOP, pids: [100] },
    ],
  };

  test('is removed, the process first', () => {
    const slots = { orphans: [{ ...SLOT, index: 8, namespace: 'berth-abcdef-8' }], broken: [] };
    const left = {
      machines,
      slots,
      incompleteTemplates: ['tpl-9' as TemplateId],
      straySockets: ['old.sock'],
    };
    expect(acts(books(), reality({}, left))).toEqual([
      ['orphan-process', 'end-process'],
      ['orphan-directory', 'remove-directory'],
      ['orphan-cgroup', 'remove-cgroup'],
      ['orphan-slot', 'remove-slot'],
      ['incomplete-template', 'remove-template'],
      ['stray-socket', 'remove-socket'],
    ]);
  });

  test('is no orphan while somebody holds it, and a template no leftover while a disk stands on it', () => {
    const held = books({ isHeld: (id) => id === OTHER });
    const needed = { machines, incompleteTemplates: ['tpl-1' as TemplateId] };
    expect(compare(held, reality({}, needed))).toEqual([]);
  });

  test('no machine with a record is ever ended, whatever was found of it', () => {
    for (const found of [
      {},
      { isAlive: false },
      { isTaken: false },
      { hasDisk: false },
      { hasEndpoint: false },
    ]) {
      for (const state of ['running', 'failed', 'removing', 'asleep', 'crashed'] as const) {
        const all = compare(books({ records: [record({ state })] }), reality(found));
        expect(all.filter(({ act }) => act?.do === 'end-process' || act?.do === 'remove-directory')).toEqual(
          [],
        );
      }
    }
  });
});

test('a network namespace without its name is named again; an interface that is gone is told of', () => {
  const broken = (missing: 'namespace' | 'link') =>
    compare(books(), reality({}, { slots: { orphans: [], broken: [{ slot: SLOT, missing }] } }));
  expect(broken('namespace')).toMatchObject([{ kind: 'namespace-unnamed', act: { do: 'name-namespace' } }]);
  expect(broken('link')).toMatchObject([{ kind: 'link-missing', remedy: './berth restart shop' }]);
});

test('only what was there at both looks lasts', () => {
  const both = compare(books(), reality({ hasEndpoint: false, closedPorts: [PORT] }));
  const later = compare(books(), reality({ closedPorts: [PORT] }));
  expect(lasting(later, both).map(({ kind }) => kind)).toEqual(['port-closed']);
  expect(lasting(later, [])).toEqual([]);
});
