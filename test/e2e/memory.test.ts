import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { HostReport } from '../../src/model/index.ts';
import { berth, berthOk, fork, inMachine, removeAllEnvironments, statsOf } from './rig/berth.ts';
import { prepareAlone } from './rig/prepare.ts';
import { tinyProject } from './rig/tiny.ts';

const KSM = '/sys/kernel/mm/ksm';
const MIB = 1024 ** 2;
const WRITTEN_MIB = 48;
/** The kernel looks at 20 MiB a second by itself, and twice at each page before it believes it. */
const PAGES_AT_A_TIME = '5000';
const MERGED_WITHIN_MS = 90_000;
/** Each page of it is another, and it is the same wherever it is written. */
const WRITE = `seq 1 9000000 | head -c ${WRITTEN_MIB}M >/dev/shm/release && sha256sum </dev/shm/release`;

const before = new Map(
  ['run', 'pages_to_scan'].map((name) => [name, readFileSync(`${KSM}/${name}`, 'utf8')]),
);

const hostFinding = async () => {
  const { stdout } = await berth(['host', 'doctor', '--json']);
  return (JSON.parse(stdout) as HostReport).findings.find(({ check }) => check === 'memory-merging')?.message;
};
const merged = async (name: string) => (await statsOf(name)).mergedBytes / MIB;

beforeAll(async () => {
  await prepareAlone();
  const file = await tinyProject('equal');
  appendFileSync(file, '  merge-memory: true\n');
  await berthOk(['up', '-f', file, '--name', 'equal']);
  await fork('equal', '--name', 'equal-2');
  const alone = await tinyProject('alone');
  await berthOk(['up', '-f', alone, '--name', 'alone']);
  writeFileSync(`${KSM}/pages_to_scan`, PAGES_AT_A_TIME);
});
afterAll(async () => {
  for (const [name, text] of before) writeFileSync(`${KSM}/${name}`, text);
  await removeAllEnvironments();
});

test('what environments have written is theirs alone, until the host may merge it', async () => {
  expect(await hostFinding()).toBe('off: what environments have written is theirs alone');
  const sums = await Promise.all(['equal', 'equal-2', 'alone'].map((name) => inMachine(name, WRITE)));
  expect(new Set(sums).size).toBe(1);
  const stats = await statsOf('equal');
  expect(stats.ownBytes).toBeGreaterThan(WRITTEN_MIB * MIB);
  expect(stats.mergedBytes).toBe(0);
  expect(stats.reclaimableBytes).toBeGreaterThan(0);
  expect(stats.reclaimableBytes).toBeLessThanOrEqual(stats.ownBytes);
});

test('equal memory of environments that allow it is kept once', async () => {
  const own = (await statsOf('equal')).ownBytes / MIB;
  await berthOk(['host', 'setup', '--yes', '--merge-memory']);
  for (const name of ['equal', 'equal-2'])
    await expect
      .poll(() => merged(name), { timeout: MERGED_WITHIN_MS, interval: 1_000 })
      .toBeGreaterThan(WRITTEN_MIB * 0.8);
  expect((await statsOf('equal')).ownBytes / MIB).toBeLessThan(own - WRITTEN_MIB * 0.8);
  expect(await hostFinding()).toMatch(/^on, for environments that allow it: .+ saved$/);
});

test('who did not allow it is left alone', async () => {
  expect(await merged('alone')).toBe(0);
});

test('what one of them then writes the other does not see', async () => {
  await inMachine('equal', 'printf other | dd of=/dev/shm/release conv=notrunc 2>/dev/null');
  expect(await inMachine('equal', 'head -c 5 /dev/shm/release')).toBe('other');
  expect(await inMachine('equal-2', 'head -c 5 /dev/shm/release')).not.toBe('other');
});

test('each has its own again when the host merges no more', async () => {
  await berthOk(['host', 'setup', '--yes', '--no-merge-memory']);
  expect(await merged('equal')).toBe(0);
  expect((await statsOf('equal-2')).ownBytes).toBeGreaterThan(WRITTEN_MIB * MIB);
});
