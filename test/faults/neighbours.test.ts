import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Environment } from '../../src/model/index.ts';
import { fork, inMachine, inspect, removeAllEnvironments, statsOf } from '../e2e/rig/berth.ts';
import { sharedHome } from '../e2e/rig/home.ts';
import { get, urlOf } from '../e2e/rig/http.ts';
import { EventWatch } from './rig/event-watch.ts';
import { assertInvariants } from './rig/invariants.ts';
import { FAULT_TEMPLATE, prepareFaults } from './rig/project.ts';
import { Subject } from './rig/subject.ts';

const VISIBLE_MS = 2_000;
/** From the call to what is visible of it a login into an emulated guest passes. */
const LOGIN_MS = 3_000;
/** A neighbour may take twice as long, and on a host this small so much more whatever happens. */
const SLACK_MS = 40;

let subject: Subject;
let events: EventWatch;
let neighbour: Environment;

beforeAll(async () => {
  subject = new Subject(sharedHome());
  await prepareFaults(subject);
  for (const name of ['neighbour', 'wild']) await fork(FAULT_TEMPLATE, '--name', name);
  neighbour = await inspect('neighbour');
  events = await EventWatch.open(sharedHome());
});
afterAll(async () => {
  events.close();
  await removeAllEnvironments();
});

/** The time within which 95 of 100 requests of the neighbour are answered, in ms. */
async function p95(): Promise<number> {
  const times: number[] = [];
  for (let count = 0; count < 40; count += 1) {
    const from = performance.now();
    await get(`${urlOf(neighbour)}/`);
    times.push(performance.now() - from);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  times.sort((a, b) => a - b);
  return times[Math.floor(times.length * 0.95)] ?? Number.NaN;
}

test('#37 · a guest burns all of its CPU, as a fork bomb does · told within 2 s, the neighbour’s p95 stays below twice', async () => {
  const calm = await p95();
  const burn = 'for i in 1 2 3 4 5 6 7 8; do (while :; do :; done) & done; wait';
  await inMachine('wild', `systemd-run --quiet --unit burner /bin/sh -c '${burn}'`);
  await events.next('environment.cpu-saturated', 'wild', VISIBLE_MS + LOGIN_MS);
  expect((await statsOf('wild')).cpuMs).toBeGreaterThan(0);
  const burning = await p95();
  console.info(
    `p95 of the neighbour: ${calm.toFixed(1)} ms calm, ${burning.toFixed(1)} ms beside the burner`,
  );
  expect(burning).toBeLessThan(Math.max(calm * 2, calm + SLACK_MS));
  await inMachine('wild', 'systemctl kill --signal KILL burner');
  await assertInvariants(subject, { untouched: [neighbour.pid ?? -1] });
});
