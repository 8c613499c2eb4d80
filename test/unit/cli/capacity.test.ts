import { expect, test } from 'vitest';
import type { Client } from '../../../src/client/index.ts';
import type { CapacityQuery } from '../../../src/contract/index.ts';
import { createValidator, CapacityReportSchema } from '../../../src/contract/index.ts';
import type { CapacityReport } from '../../../src/model/index.ts';
import { type CapacityQuestion, capacityReport } from '../../../src/placement/index.ts';
import { facts, GIB, host, resident, SMALL } from '../placement/sample-facts.ts';
import { runFake } from './fake-cli.ts';

const residents = Array.from({ length: 3 }, (_, index) => resident({ name: `shop-${index}` }));

function report(
  question: Partial<CapacityQuestion> = {},
  change: Parameters<typeof facts>[0] = {},
): CapacityReport {
  return capacityReport({ kind: SMALL, ...question }, facts({ residents, ...change }));
}

function clientWith(answer: CapacityReport, asked: CapacityQuery[] = []): Partial<Client> {
  return {
    capacity: {
      report: async (query = {}) => {
        asked.push(query);
        return answer;
      },
    },
  };
}

test('the first line tells how many fit and what limits, the table every dimension', async () => {
  const { out, exitCode } = await runFake(clientWith(report()), 'capacity');
  const lines = out.split('\n');
  expect(lines[0]).toMatch(/^\d+ more forks of shape 1x512MiB fit, limited by memory$/);
  expect(lines[1]).toContain(
    '80 MiB of memory of its own, measured at 3 of their kind: median 64 MiB, p95 64 MiB',
  );
  expect(lines[2]).toContain('there would be 4 in all');
  expect(out).toMatch(/^WHAT +TOTAL +LEFT +EACH +BY SHAPE +MORE$/m);
  expect(out).toMatch(/^memory +16 GiB +13.2 GiB +80 MiB +32 +\d+ +limits$/m);
  expect(out).toMatch(/^CPU of idle ones +400 % +317 % +1 % +- +\d+ +told only$/m);
  expect(out).toContain('819 MiB left alone for the host');
  expect(out).toContain('48 MiB for running machines to grow');
  expect(out).toContain('Nothing sleeps.');
  expect(out).toContain('If one is lost, everything is: there is no other host (3 environments).');
  expect(exitCode).toBe(0);
});

test('--count ends with 5 when so many do not fit', async () => {
  const fits = await runFake(clientWith(report({ count: 2 })), 'capacity', '--count', '2');
  expect([fits.exitCode, fits.out.trimEnd().split('\n').at(-1)]).toEqual([0, '2 fit.']);
  const not = await runFake(clientWith(report({ count: 5000 })), 'capacity', '--count', '5000');
  expect([not.exitCode, not.out]).toEqual([5, expect.stringMatching(/5000 do not fit; \d+ would\.$/m)]);
});

test('flags become the query; what cannot be read is refused by the command line', async () => {
  const asked: CapacityQuery[] = [];
  const client = clientWith(report(), asked);
  await runFake(client, 'capacity', '--shape', '2x1GiB', '--add-host', '4x8GiB', '--add-host', '16x64GiB');
  await runFake(client, 'capacity', '--of', 'shop', '--count', '7');
  expect(asked).toEqual([
    { shape: '2x1GiB', addHost: ['4x8GiB', '16x64GiB'] },
    { source: 'shop', count: 7 },
  ]);
  for (const flags of [
    ['--shape', '2'],
    ['--shape', '0x1GiB'],
    ['--add-host', 'big'],
    ['--count', '0'],
  ])
    expect((await runFake(client, 'capacity', ...flags)).usage).toContain('error: option');
});

test('--hosts has one row for each host', async () => {
  const one = (await runFake(clientWith(report()), 'capacity', '--hosts')).out.trimEnd().split('\n');
  expect(one[0]).toMatch(/^HOST +RUNNING +BY SHAPE +MORE +LIMITED BY$/);
  expect(one[1]).toMatch(/^one +3 +4 +\d+ +memory$/);
  expect(one).toHaveLength(4);
  const added = host({ name: 'added-1', added: true, memoryAvailableBytes: 16 * GIB });
  const both = report({}, { hosts: [host(), added] });
  const { out } = await runFake(clientWith(both), 'capacity', '--hosts');
  expect(out).toMatch(/^added-1 \(what if\) +0 +4 +\d+ +memory$/m);
  expect(out).toContain(
    'its 3 environments are to be started elsewhere, sharing nothing: all of them fit elsewhere.',
  );
});

test('a wake storm that does not fit tells what is missing', async () => {
  const { ownBytes: _own, ...asleep } = resident({ life: 'asleep' });
  const many = Array.from({ length: 200 }, (_, index) => ({ ...asleep, name: `s-${index}` }));
  const { out } = await runFake(clientWith(report({}, { residents: many })), 'capacity');
  expect(out).toMatch(
    /If all 200 that sleep woke at once, \d+ would fit; [\d.]+ GiB of memory would be missing\./,
  );
});

test('--json is what the daemon said, and what the contract promises', async () => {
  const answer = report({ count: 3, source: 'shop' });
  const { out } = await runFake(clientWith(answer), 'capacity', '--json');
  expect(JSON.parse(out)).toEqual(answer);
  expect(createValidator(CapacityReportSchema)(answer)).toEqual([]);
});
