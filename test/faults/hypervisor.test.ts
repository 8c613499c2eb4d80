import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Environment } from '../../src/model/index.ts';
import { berth, berthOk, fork, inspect, removeAllEnvironments, startBerth } from '../e2e/rig/berth.ts';
import { homeIdOf, sharedHome } from '../e2e/rig/home.ts';
import { answers, urlOf } from '../e2e/rig/http.ts';
import { cgroupsOf } from '../e2e/rig/leftovers.ts';
import { isRunning } from '../e2e/rig/processes.ts';
import { assertInvariants } from './rig/invariants.ts';
import { EventWatch } from './rig/event-watch.ts';
import { FAULT_TEMPLATE, prepareFaults } from './rig/project.ts';
import { Subject } from './rig/subject.ts';

const VISIBLE_MS = 2_000;
const MEBIBYTE = 1024 ** 2;

let subject: Subject;
let events: EventWatch;
let victim: Environment;
let neighbour: Environment;

beforeAll(async () => {
  subject = new Subject(sharedHome());
  await prepareFaults(subject);
  for (const name of ['neighbour', 'victim']) await fork(FAULT_TEMPLATE, '--name', name);
  [victim, neighbour] = [await inspect('victim'), await inspect('neighbour')];
  events = await EventWatch.open(sharedHome());
});
afterAll(async () => {
  events.close();
  await removeAllEnvironments();
});

const pidOf = ({ pid }: Environment): number => pid ?? -1;

/** The neighbour's process is the one that it was, and it answers. */
async function neighbourIsWell(): Promise<void> {
  expect((await subject.environment('neighbour')).pid).toBe(neighbour.pid);
  expect(await answers(`${urlOf(neighbour)}/`)).toBe(true);
  await assertInvariants(subject, { untouched: [pidOf(neighbour)] });
}

/** Another in its place: a fork is there twenty times sooner than one that boots. */
async function nextVictim(): Promise<void> {
  if ((await subject.environments()).some(({ name }) => name === 'victim'))
    await subject.run('DELETE', '/environments/victim');
  await fork(FAULT_TEMPLATE, '--name', 'victim');
  victim = await inspect('victim');
}

for (const signal of ['SIGKILL', 'SIGSEGV'] as const) {
  test(`#10 ${signal === 'SIGKILL' ? '' : 'b '}· QEMU ends by ${signal} · crashed within 2 s with the signal, the neighbour goes on`, async () => {
    const marked = performance.now();
    process.kill(pidOf(victim), signal);
    const crashed = await events.next('environment.crashed', 'victim', VISIBLE_MS);
    expect(performance.now() - marked).toBeLessThan(VISIBLE_MS);
    expect(crashed.message).toContain(`signal ${signal}`);
    expect(await subject.environment('victim')).toMatchObject({
      state: 'crashed',
      reason: expect.stringContaining(signal),
    });
    await neighbourIsWell();
    await nextVictim();
  });
}

test('#10 c · QEMU ends while another daemon than its parent watches · crashed within 2 s', async () => {
  await subject.endDaemon();
  await subject.startDaemon();
  events = await EventWatch.open(sharedHome());
  process.kill(pidOf(victim), 'SIGKILL');
  await events.next('environment.crashed', 'victim', VISIBLE_MS);
  await neighbourIsWell();
  await nextVictim();
});

test('#11 · QEMU hangs (SIGSTOP) · unresponsive within 5 s and answering again when it goes on', async () => {
  process.kill(pidOf(victim), 'SIGSTOP');
  await events.next('environment.unresponsive', 'victim', 5_000);
  expect(await subject.environment('victim')).toMatchObject({
    state: 'degraded',
    reason: expect.stringContaining('does not answer'),
  });
  expect(await answers(`${urlOf(neighbour)}/`)).toBe(true);
  process.kill(pidOf(victim), 'SIGCONT');
  await events.next('environment.responsive', 'victim', 5_000);
  expect((await subject.environment('victim')).state).toBe('running');
});

test('#11 b · QEMU hangs and is stopped with --force, another is removed · both end within 20 s, and nothing is left', async () => {
  process.kill(pidOf(victim), 'SIGSTOP');
  await events.next('environment.unresponsive', 'victim', 5_000);
  const from = performance.now();
  await berthOk(['stop', '--force', 'victim']);
  expect(performance.now() - from).toBeLessThan(20_000);
  expect(isRunning(pidOf(victim))).toBe(false);
  expect((await subject.environment('victim')).state).toBe('stopped');
  await nextVictim();
  process.kill(pidOf(victim), 'SIGSTOP');
  await berthOk(['rm', '--force', 'victim']);
  expect(isRunning(pidOf(victim))).toBe(false);
  expect(existsSync(join(sharedHome(), 'environments', victim.id))).toBe(false);
  await neighbourIsWell();
  await nextVictim();
});

test('#11 c · QEMU hangs and is stopped without --force · the stop escalates by itself and says how', async () => {
  process.kill(pidOf(victim), 'SIGSTOP');
  const { code } = await berth(['stop', 'victim', '--timeout', '60']);
  expect(code).toBe(0);
  expect(isRunning(pidOf(victim))).toBe(false);
  const { message } = await events.next('environment.stopped', 'victim', VISIBLE_MS);
  expect(message).toMatch(/SIGKILL/);
  await neighbourIsWell();
  await nextVictim();
});

test('#36 · the kernel ends one machine for want of memory · only that one, and its reason says so', async () => {
  const groups = cgroupsOf(homeIdOf(sharedHome())).filter((path) => path.endsWith(victim.id));
  const limit = ['memory.limit_in_bytes', 'memory.max']
    .flatMap((name) => groups.map((group) => join(group, name)))
    .find((path) => existsSync(path));
  if (limit === undefined) throw new Error('the memory of machines is not limited on this host');
  // What is cached of its files would go first: only what is its own counts.
  const stat = readFileSync(join(dirname(limit), 'memory.stat'), 'utf8');
  const own = Number(/^(?:rss|anon) (\d+)$/m.exec(stat)?.[1]);
  writeFileSync(limit, String(own + 24 * MEBIBYTE));
  const eater = startBerth([
    'shell',
    'victim',
    '--',
    'dd',
    'if=/dev/zero',
    'of=/dev/shm/x',
    'bs=1M',
    'count=200',
  ]);
  const { message } = await events.next('environment.crashed', 'victim', 60_000);
  await eater.ended.catch(() => undefined);
  expect(message).toMatch(/memory/);
  await neighbourIsWell();
  expect(readdirSync(join(sharedHome(), 'environments'))).toContain(victim.id);
});
