import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Environment } from '../../src/model/index.ts';
import { berthOk, environments, fork, inspect, removeAllEnvironments } from '../e2e/rig/berth.ts';
import { sharedHome } from '../e2e/rig/home.ts';
import { answers, get, urlOf } from '../e2e/rig/http.ts';
import { tinyProject } from '../e2e/rig/tiny.ts';
import { EventWatch } from './rig/event-watch.ts';
import { FakeClock } from './rig/fake-clock.ts';
import { assertInvariants } from './rig/invariants.ts';
import { FAULT_TEMPLATE, prepareFaults } from './rig/project.ts';
import { Subject } from './rig/subject.ts';

const HOUR_S = 3_600;
/** What is promised, and what asking a guest for its time takes. */
const RIGHT_MS = 1_000;
const IDLE = `
  idle:
    after: 4s
    then: freeze
`;

let clock: FakeClock;
let subject: Subject;
let events: EventWatch;

beforeAll(async () => {
  subject = new Subject(sharedHome());
  await prepareFaults(subject);
  clock = await FakeClock.make();
  await subject.endDaemon();
  await subject.startDaemon({ ...clock.env });
  const file = await tinyProject('clocks');
  await berthOk(['up', '-f', file, '--name', 'clocks']);
  const text = readFileSync(file, 'utf8');
  writeFileSync(file.replace('compose.yaml', 'idle.yaml'), `${text.trimEnd()}${IDLE}`);
  await fork('clocks', '--name', 'twin');
  events = await EventWatch.open(sharedHome());
});
afterAll(async () => {
  events.close();
  await removeAllEnvironments();
  await subject.endDaemon();
});

/** What the clock of a guest showed, less what it should show once the answer is there. */
async function lateMs(name: string): Promise<number> {
  const shown = Number(await berthOk(['shell', name, '--', 'date', '+%s%3N']));
  return shown - clock.now();
}

/** Right within a second of the moment of asking, which itself takes a while. */
async function isRight(name: string): Promise<boolean> {
  const off = await lateMs(name);
  return off > -RIGHT_MS - 1_500 && off < RIGHT_MS;
}

test.for([
  ['#22', 'an hour forwards', HOUR_S],
  ['#22 b', 'an hour backwards', 0],
  ['#22 c', 'by a second, as a leap does', 1],
] as const)(
  '%s · the host’s clock goes %s · no timer fires or starves, guests’ clocks follow within a second',
  async ([, , offset]) => {
    const before = await environments();
    clock.set(offset);
    const from = performance.now();
    await events.next('host.clock-stepped', 'host', RIGHT_MS + 500);
    expect(performance.now() - from).toBeLessThan(RIGHT_MS + 500);
    for (const name of ['clocks', 'twin']) expect([name, await isRight(name)]).toEqual([name, true]);
    const after = await environments();
    expect(after.map(({ name, state, pid }) => [name, state, pid])).toEqual(
      before.map(({ name, state, pid }) => [name, state, pid]),
    );
    expect(await answers(`${urlOf(await inspect('twin'))}/`)).toBe(true);
    await assertInvariants(subject);
  },
);

test('#22 d · the clock goes back while something waits to come to rest · it does, after as long as it should', async () => {
  await berthOk(['up', '-f', join(`${sharedHome()}.work`, 'clocks/idle.yaml'), '--name', 'clocks']);
  clock.set(-HOUR_S);
  await expect
    .poll(async () => (await subject.environment('clocks')).state, { timeout: 30_000, interval: 250 })
    .toBe('frozen');
  // One that was woken has the time at once.
  await get(`${urlOf(await inspect('clocks'))}/`);
  expect(await isRight('clocks')).toBe(true);
});

test('#23 · a machine stands still for five seconds, as on a host that was suspended · its clock is right when it goes on', async () => {
  const { pid = -1 } = await subject.environment('twin');
  process.kill(pid, 'SIGSTOP');
  await events.next('environment.unresponsive', 'twin', 5_000);
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  process.kill(pid, 'SIGCONT');
  await events.next('environment.responsive', 'twin', 5_000);
  expect(await isRight('twin')).toBe(true);
});

test('#23 b · an environment sleeps and is woken on another day · its clock is right within a second', async () => {
  await berthOk(['sleep', 'twin']);
  clock.set(30 * HOUR_S);
  const from = performance.now();
  await get(`${urlOf(await inspect('twin'))}/`);
  expect(performance.now() - from).toBeLessThan(10_000);
  expect(await isRight('twin')).toBe(true);
});

test('#24 · a template is forked 30 days later · the clock of the fork is right within a second', async () => {
  clock.set(30 * 24 * HOUR_S);
  const [aged] = await fork(FAULT_TEMPLATE, '--name', 'aged');
  expect((aged as Environment).state).toBe('running');
  expect(await isRight('aged')).toBe(true);
});
