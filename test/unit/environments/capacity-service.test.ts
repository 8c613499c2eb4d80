import { expect, test } from 'vitest';
import { CapacityOperations } from '../../../src/environments/capacity-service.ts';
import type { Context } from '../../../src/environments/context.ts';
import type { CapacityQuestion, HostFacts } from '../../../src/placement/index.ts';
import { capacityReport } from '../../../src/placement/index.ts';
import { facts, GIB } from '../placement/sample-facts.ts';

const signal = new AbortController().signal;
const shape = { vcpus: 2, memoryMib: 1024, diskGib: 8 };

function service(): {
  readonly capacity: CapacityOperations;
  readonly asked: { readonly question: CapacityQuestion; readonly added: readonly HostFacts[] }[];
} {
  const asked: { question: CapacityQuestion; added: readonly HostFacts[] }[] = [];
  const templates = new Map([
    ['frozen', { shape, workload: { project: 'shop' } }],
    ['base-debian-13', { shape }],
  ]);
  const context = {
    registry: {
      find: (ref: string) => (ref === 'shop' ? { shape, workload: { project: 'shop' } } : undefined),
    },
    templates: { find: async (ref: string) => templates.get(ref) },
    admission: {
      report: async (question: CapacityQuestion, added: readonly HostFacts[]) => {
        asked.push({ question, added });
        return capacityReport(question, facts());
      },
    },
  } as unknown as Context;
  return { capacity: new CapacityOperations(context), asked };
}

test('a source says what is asked: forks of an environment or template, or what up makes of a bare guest', async () => {
  const { capacity, asked } = service();
  await capacity.report({}, signal);
  await capacity.report({ shape: '4x2GiB', count: 3 }, signal);
  for (const source of ['shop', 'frozen', 'base-debian-13']) await capacity.report({ source }, signal);
  expect(asked.map(({ question }) => question)).toMatchObject([
    { kind: { start: 'fork', shape: { vcpus: 1, memoryMib: 512 } } },
    { kind: { start: 'fork', shape: { vcpus: 4, memoryMib: 2048 } }, count: 3 },
    { kind: { start: 'fork', shape, project: 'shop' }, source: 'shop' },
    { kind: { start: 'fork', shape, project: 'shop' }, source: 'frozen' },
    { kind: { start: 'up', shape }, source: 'base-debian-13' },
  ]);
  await expect(capacity.report({ source: 'gone' }, signal)).rejects.toMatchObject({ code: 'not-found' });
});

test('hosts of a what-if are empty, and have names of their own', async () => {
  const { capacity, asked } = service();
  await capacity.report({ addHost: ['16x64GiB', '4x8GiB'] }, signal);
  expect(asked[0]?.added).toEqual([
    { name: 'added-1', added: true, cpus: 16, memoryTotalBytes: 64 * GIB, memoryAvailableBytes: 64 * GIB },
    { name: 'added-2', added: true, cpus: 4, memoryTotalBytes: 8 * GIB, memoryAvailableBytes: 8 * GIB },
  ]);
});

test('everything that is wrong with a question is told at once', async () => {
  const { capacity, asked } = service();
  const question = { shape: '2xmany', source: 'shop', addHost: ['1x1GiB', '0x1GiB'] };
  await expect(capacity.report(question, signal)).rejects.toMatchObject({
    code: 'bad-request',
    problems: [{ path: 'addHost[1]' }, { path: 'shape' }, { path: 'shape' }],
  });
  expect(asked).toEqual([]);
});
