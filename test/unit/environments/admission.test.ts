import { hostname } from 'node:os';
import { expect, test } from 'vitest';
import { Admission, startAdmitted } from '../../../src/environments/admission.ts';
import type { Context } from '../../../src/environments/context.ts';
import type { EnvironmentRecord } from '../../../src/environments/record.ts';
import type { WarmMember } from '../../../src/environments/warm-member.ts';
import { processMemoryNow } from '../../../src/host/index.ts';
import type { Operation } from '../../../src/model/index.ts';
import type { MachineKind } from '../../../src/placement/index.ts';
import { host } from '../placement/sample-facts.ts';

const MIB = 1024 ** 2;
const KIND: MachineKind = { start: 'fork', shape: { vcpus: 1, memoryMib: 512 }, project: 'shop' };
/** Assumed for a fork of that shape while none is measured. */
const EACH = 176 * MIB;
const signal = new AbortController().signal;

interface World {
  readonly admission: Admission;
  readonly records: EnvironmentRecord[];
  readonly members: WarmMember[];
  readonly givenUp: string[];
  freeBytes: number;
}

/** An admission on a host with room for so many forks. */
function world(forks: number): World {
  const records: EnvironmentRecord[] = [];
  const members: WarmMember[] = [];
  const givenUp: string[] = [];
  const made: World = {
    ...{ records, members, givenUp, freeBytes: forks * EACH },
    admission: new Admission({
      settings: { vcpusPerCpu: 1000, memoryReserveBytes: 0 },
      book: { entries: new Map(), learn: async () => undefined },
      onError: () => undefined,
      registry: { list: () => records },
      pools: {
        members: () => members,
        giveUp: async (why) => {
          givenUp.push(why);
          members.length = 0;
        },
      },
      host: (used) =>
        host({ name: hostname(), memoryAvailableBytes: made.freeBytes, addresses: { total: 1000, used } }),
    }),
  };
  return made;
}

const more = async ({ admission }: World) => (await admission.report({ kind: KIND }, [], signal)).more;
const names = (count: number, stem = 'fork') =>
  Array.from({ length: count }, (_, index) => `${stem}-${index}`);

/** An environment whose machine is this very process. */
function running(name: string): EnvironmentRecord {
  return {
    ...{ id: `env-${name}`, name, state: 'running', parent: 'shop', template: 'tpl-1' },
    shape: { ...KIND.shape, diskGib: 8 },
    workload: { project: 'shop' },
    process: { process: { pid: process.pid }, origin: 'template' },
  } as unknown as EnvironmentRecord;
}

test('what is admitted counts as taken until it is released, and no more is admitted than was told', async () => {
  const one = world(10);
  expect(await more(one)).toBe(10);
  const ticket = await one.admission.admit({ kind: KIND, names: names(7) });
  expect(await more(one)).toBe(3);
  await expect(one.admission.admit({ kind: KIND, names: names(4, 'other') })).rejects.toMatchObject({
    code: 'capacity-exceeded',
    exitCode: 5,
    message: 'no room for 4 machines: 704 MiB of memory needed, 528 MiB left for new machines; 3 would fit',
    problems: [{ path: 'memory' }],
    remedy: expect.stringContaining('berth capacity') as unknown,
  });
  ticket.release();
  ticket.release();
  expect(await more(one)).toBe(10);
});

test('of many that ask at the same moment no more are admitted than fit', async () => {
  const one = world(10);
  const asked = await Promise.allSettled(
    names(30).map((name) => one.admission.admit({ kind: KIND, names: [name] })),
  );
  expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
  expect(await more(one)).toBe(0);
});

test('one that runs is measured, and no longer held room for', async () => {
  const one = world(10);
  await one.admission.admit({ kind: KIND, names: ['a', 'b'] });
  one.records.push(running('a'));
  const { admitted, residents } = one.admission.facts();
  expect(admitted).toMatchObject({ count: 1, memoryBytes: EACH, addresses: 1 });
  const own = residents[0]?.ownBytes ?? 0;
  expect(Math.abs(own - (processMemoryNow(process.pid)?.ownBytes ?? 0))).toBeLessThan(64 * MIB);
  expect(residents[0]).toMatchObject({ start: 'fork', life: 'running', project: 'shop', settled: false });
});

test('warm forks that are there need no more room; they are given up for what else needs it', async () => {
  const one = world(1);
  one.members.push({
    ...{ id: 'env-warm', shape: { ...KIND.shape, diskGib: 8 }, project: 'shop' },
    machine: { running: { process: { pid: process.pid } } },
  } as unknown as WarmMember);
  one.freeBytes = EACH + EACH;
  const ticket = await one.admission.admit({ kind: KIND, names: ['a'], ready: 1 });
  expect(one.admission.facts().admitted.count).toBe(0);
  ticket.release();
  expect(one.givenUp).toEqual([]);
  // The pages of files that it maps count as those of its template.
  one.freeBytes = 48 * MIB + (processMemoryNow(process.pid)?.fileBytes ?? 0);
  expect(() => one.admission.admitSpare(KIND)).toThrow('no room for "one more warm fork"');
  // 52 MiB are assumed: with what this process has of its own that is there.
  const small = { ...KIND, shape: { vcpus: 1, memoryMib: 16 } };
  await one.admission.admit({ kind: small, names: ['b'] });
  expect(one.givenUp).toHaveLength(1);
});

test('an operation holds its room until it has ended, and one that does not begin holds none', async () => {
  const one = world(10);
  const ended = Promise.withResolvers<Operation>();
  const context = {
    admission: one.admission,
    operations: { wait: () => ended.promise },
  } as unknown as Pick<Context, 'admission' | 'operations'>;
  const start = async () => ({ id: 'op-1' }) as Operation;
  await startAdmitted(context, { kind: KIND, names: names(6) }, start);
  expect(await more(one)).toBe(4);
  ended.resolve({ id: 'op-1' } as Operation);
  await expect.poll(() => more(one)).toBe(10);
  const failing = () => Promise.reject(new Error('no store'));
  await expect(startAdmitted(context, { kind: KIND, names: names(6) }, failing)).rejects.toThrow('no store');
  expect(await more(one)).toBe(10);
  let begun = false;
  const beginning = async () => {
    begun = true;
    return start();
  };
  await expect(startAdmitted(context, { kind: KIND, names: names(11) }, beginning)).rejects.toMatchObject({
    code: 'capacity-exceeded',
  });
  expect(begun).toBe(false);
});

test('the answer names hosts of a what-if', async () => {
  const { admission } = world(3);
  const added = host({ name: 'added-1', added: true });
  const report = await admission.report({ kind: KIND, count: 5 }, [added], signal);
  expect(report.hosts.map(({ name }) => name)).toEqual([hostname(), 'added-1']);
  expect(report.count).toMatchObject({ asked: 5, fits: true });
});
