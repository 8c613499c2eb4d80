import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DaemonStatus } from '../../src/contract/index.ts';
import { hostMemoryNow } from '../../src/host/index.ts';
import type { CapacityReport, Template } from '../../src/model/index.ts';
import {
  berth,
  berthFails,
  berthJson,
  berthOk,
  environments,
  fork,
  inMachine,
  inspect,
  removeAllEnvironments,
  removeEnvironments,
  templates,
} from './rig/berth.ts';
import { sharedHome } from './rig/home.ts';
import { get, urlOf } from './rig/http.ts';
import { prepareAlone } from './rig/prepare.ts';
import { isRunning, processesWith } from './rig/processes.ts';
import { TINY_WEB, tinyProject } from './rig/tiny.ts';

const NAME = 'warm-tiny';
const FILLED_WITHIN = { timeout: 90_000, interval: 250 };
const CLOCK_TOLERANCE_MS = 1_000;

const template = async () => (await templates()).find(({ name }) => name === NAME) as Template;
const ready = async () => (await template()).warm?.ready;
/** QEMU processes of this home. */
const machines = () =>
  processesWith(join(sharedHome(), 'environments')).filter(({ argv }) =>
    basename(argv[0] ?? '').startsWith('qemu'),
  );

async function clockOffsetMs(name: string): Promise<number> {
  const before = Date.now();
  const guest = Number(await inMachine(name, 'date +%s%3N'));
  const after = Date.now();
  return guest < before ? guest - before : Math.max(0, guest - after);
}

beforeAll(async () => {
  await prepareAlone();
  const file = await tinyProject('warm', [TINY_WEB]);
  await berthOk(['up', '-f', file, '--name', 'warm-parent']);
  await berthOk(['template', 'create', 'warm-parent', NAME]);
  await removeEnvironments(['warm-parent']);
});
afterAll(async () => {
  await removeAllEnvironments();
  await berth(['template', 'rm', NAME]);
});

test('bounds that cannot be, and templates without an application, are refused', async () => {
  expect(await berthFails(['template', 'warm', NAME, '--min', '3', '--max', '2'])).toMatchObject({
    code: 'bad-request',
    problems: [{ path: 'min' }],
  });
  const base = (await templates()).find(({ kind }) => kind === 'base');
  const refused = await berthFails(['template', 'warm', base?.name ?? '', '--min', '1']);
  expect(refused.message).toContain('holds no environment');
  expect((await berth(['template', 'warm', NAME, '--min', 'many'])).code).toBe(2);
});

test('forks are kept ready, paused, and are no environments', async () => {
  expect(await berthOk(['template', 'warm', NAME, '--min', '2', '--max', '3'])).toContain('2 to 3 kept');
  await expect.poll(ready, FILLED_WITHIN).toBe(2);
  expect(await environments()).toEqual([]);
  expect(machines()).toHaveLength(2);
  expect(await berthOk(['template', 'ls'])).toMatch(/2\/2–3/);
});

test('a fork takes one and makes it somebody of its own; another is made in its place', async () => {
  await expect.poll(ready, FILLED_WITHIN).toBe(2);
  const made = await fork(NAME, '--name', 'warm-a');
  expect(made[0]?.fork).toMatchObject({ warm: true, from: NAME });
  await fork(NAME, '--name', 'warm-b');
  const look =
    'cat /proc/sys/kernel/hostname /etc/machine-id /etc/ssh/ssh_host_*_key.pub /proc/sys/kernel/random/uuid';
  const seen = await Promise.all(
    ['warm-a', 'warm-b'].map(async (name) => (await inMachine(name, look)).split('\n')),
  );
  expect(seen.map(([hostname]) => hostname)).toEqual(['warm-a', 'warm-b']);
  for (const index of [1, 2, 3]) expect(seen[0]?.[index]).not.toBe(seen[1]?.[index]);
  for (const name of ['warm-a', 'warm-b']) {
    expect(await get(urlOf(await inspect(name)))).toBe('hello\n');
    expect(Math.abs(await clockOffsetMs(name))).toBeLessThan(CLOCK_TOLERANCE_MS);
  }
  // Two were taken within the minute; so many are wanted next.
  await expect.poll(ready, FILLED_WITHIN).toBe(2);
  expect((await template()).warm).toMatchObject({ hits: 2, misses: 0 });
  await removeEnvironments(['warm-a', 'warm-b']);
});

test('more than there are: the rest is made as ever', async () => {
  await expect.poll(ready, FILLED_WITHIN).toBeGreaterThanOrEqual(2);
  const there = (await ready()) ?? 0;
  const made = await fork(NAME, '--name', 'many', '--count', String(there + 1));
  expect(made.filter((one) => one.fork?.warm === true)).toHaveLength(there);
  for (const one of made) expect(await get(urlOf(one))).toBe('hello\n');
  await removeEnvironments(made.map(({ name }) => name));
});

test('one that ends by itself is replaced', async () => {
  await expect.poll(ready, FILLED_WITHIN).toBe(3);
  const [victim] = machines();
  process.kill(victim?.pid ?? 0, 'SIGKILL');
  await expect.poll(() => isRunning(victim?.pid ?? 0), { interval: 20 }).toBe(false);
  await expect.poll(ready, { interval: 20 }).toBe(2);
  const [one] = await fork(NAME, '--name', 'after-loss');
  expect(one?.fork?.warm).toBe(true);
  await removeEnvironments(['after-loss']);
});

test('a daemon that was killed leaves none behind; the next one fills the pool again', async () => {
  await expect.poll(ready, FILLED_WITHIN).toBeGreaterThanOrEqual(2);
  const before = machines().map(({ pid }) => pid);
  const { pid } = await berthJson<DaemonStatus>(['daemon', 'status']);
  process.kill(pid, 'SIGKILL');
  await expect.poll(() => isRunning(pid), { interval: 20 }).toBe(false);
  expect(await environments()).toEqual([]);
  for (const each of before) await expect.poll(() => isRunning(each)).toBe(false);
  await expect.poll(ready, FILLED_WITHIN).toBe(2);
  expect((await fork(NAME, '--name', 'again'))[0]?.fork?.warm).toBe(true);
  await removeEnvironments(['again']);
});

test('what does not fit is refused with figures before anything starts, and pools fill no further', async () => {
  await berthOk(['daemon', 'stop']);
  await expect.poll(() => machines()).toEqual([]);
  const reserveBytes = hostMemoryNow().availableBytes - 900 * 1024 ** 2;
  const limited = { env: { ...process.env, BERTH_MEMORY_RESERVE: String(reserveBytes) } };
  const told = await berthJson<CapacityReport>(['capacity', '--of', NAME], limited);
  expect(told).toMatchObject({ source: NAME, limitedBy: 'memory', memoryReserveBytes: reserveBytes });
  expect(told.more).toBeGreaterThan(0);
  expect(told.more).toBeLessThan(20);
  const refused = await berthFails(['fork', NAME, '--name', 'flood', '--count', '500']);
  expect(refused).toMatchObject({ code: 'capacity-exceeded', exitCode: 5, problems: [{ path: 'memory' }] });
  const [, fitting = ''] =
    /^no room for 500 machines: .* of memory needed, .* left .*; (\d+) would fit$/.exec(refused.message) ??
    [];
  // Other processes take and give back memory meanwhile.
  expect(Math.abs(Number(fitting) - told.more)).toBeLessThanOrEqual(1);
  expect(refused.remedy).toContain('berth capacity');
  expect((await berth(['capacity', '--of', NAME, '--count', '500'])).code).toBe(5);
  expect((await berth(['capacity', '--of', NAME, '--count', '1'])).code).toBe(0);
  await berthOk(['template', 'warm', NAME, '--min', '30']);
  await expect.poll(async () => (await template()).warm?.problem, FILLED_WITHIN).toContain('no room');
  const [filled = 0, full] = [await ready(), await berthJson<CapacityReport>(['capacity', '--of', NAME])];
  expect(full.memoryPooledBytes).toBeGreaterThan(0);
  expect(Math.abs(filled - full.more)).toBeLessThanOrEqual(2);
  // What is warm gives way.
  expect(await fork(NAME, '--name', 'fits')).toHaveLength(1);
  expect((await environments()).map(({ name }) => name)).toEqual(['fits']);
  await berthOk(['template', 'warm', NAME, '--min', '2']);
});

test('on a full host neither up nor start begins, and nothing has changed', async () => {
  await berthOk(['stop', 'fits', '--timeout', '1s']);
  await berthOk(['daemon', 'stop']);
  const full = { env: { ...process.env, BERTH_MEMORY_RESERVE: '1PiB' } };
  expect((await berthJson<CapacityReport>(['capacity'], full)).more).toBe(0);
  const file = await tinyProject('warm', [TINY_WEB]);
  for (const argv of [
    ['up', '-f', file, '--name', 'late'],
    ['start', 'fits'],
    ['restart', 'fits'],
    ['fork', NAME],
  ])
    expect(await berthFails(argv)).toMatchObject({ code: 'capacity-exceeded', exitCode: 5 });
  expect((await environments()).map(({ name, state }) => [name, state])).toEqual([['fits', 'stopped']]);
  expect(machines()).toEqual([]);
  await removeEnvironments(['fits']);
  await berthOk(['daemon', 'stop']);
});

test('with a daemon that stops they go, and with their template', async () => {
  await expect.poll(ready, FILLED_WITHIN).toBeGreaterThanOrEqual(2);
  await berthOk(['daemon', 'stop']);
  await expect.poll(() => machines()).toEqual([]);
  await expect.poll(ready, FILLED_WITHIN).toBe(2);
  await berthOk(['template', 'warm', NAME, '--min', '0']);
  expect((await template()).warm).toBeUndefined();
  expect(machines()).toEqual([]);
  await berthOk(['template', 'warm', NAME, '--min', '1']);
  await expect.poll(ready, FILLED_WITHIN).toBe(1);
  const directory = join(sharedHome(), 'templates', (await template()).id);
  await berthOk(['template', 'rm', NAME]);
  expect([machines(), existsSync(directory)]).toEqual([[], false]);
});
