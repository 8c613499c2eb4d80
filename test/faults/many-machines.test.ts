import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BerthEvent, Environment } from '../../src/model/index.ts';
import { berth, berthOk } from '../e2e/rig/berth.ts';
import { sharedHome } from '../e2e/rig/home.ts';
import { answers, get, urlOf } from '../e2e/rig/http.ts';
import { isRunning } from '../e2e/rig/processes.ts';
import { accepts } from './rig/accepts.ts';
import { assertInvariants } from './rig/invariants.ts';
import { FAULT_TEMPLATE, prepareFaults, removeAll } from './rig/project.ts';
import { Subject, until } from './rig/subject.ts';

const TWENTY = 20;
const AT_ONCE = 4;
const READOPTED_WITHIN_MS = 5_000;
const DAEMON_EXIT_CODE = 6;
/** A guest takes few connections at once: most are tried again. */
const ANSWERED_WITHIN_MS = 120_000;

let subject: Subject;
const ask = (name: string, verb: string, body?: object) =>
  subject.run('POST', `/environments/${name}/${verb}`, body);
const pidsOf = (environments: readonly Environment[]) => environments.flatMap(({ pid }) => pid ?? []);

let before: Environment[];

beforeAll(async () => {
  subject = new Subject(sharedHome());
  await prepareFaults(subject);
  const run = (name: string) =>
    subject.run('POST', '/forks', { source: FAULT_TEMPLATE, name, count: AT_ONCE });
  await run('running');
  // Most of them stand still, so that the test does not measure how many emulated guests a small host bears.
  for (let there = AT_ONCE; there < TWENTY; there += AT_ONCE) {
    await run(`frozen-${there}`);
    const made = (await subject.environments()).filter(({ state }) => state === 'running');
    for (const { name } of made) if (name.startsWith('frozen-')) await ask(name, 'sleep', { freeze: true });
  }
  before = await subject.environments();
});
afterAll(() => removeAll(subject));

/** Time from the start of a daemon until the port of every machine accepts, and those that run answer. */
async function servedAfterMs(): Promise<number> {
  const startedAt = performance.now();
  await subject.startDaemon();
  const now = await subject.environments();
  await Promise.all(
    now.map((one) =>
      until(`the port of ${one.name}`, 30_000, async () => {
        const isServed = one.state === 'running' ? answers(urlOf(one)) : accepts(one);
        return (await isServed) ? true : undefined;
      }),
    ),
  );
  return performance.now() - startedAt;
}

async function sameMachines(): Promise<void> {
  const after = await subject.environments();
  expect(after.map(({ name, pid }) => [name, pid])).toEqual(before.map(({ name, pid }) => [name, pid]));
  await assertInvariants(subject, { untouched: pidsOf(before) });
}

test('#2 · the daemon is killed beside 20 machines · they go on, and all ports are served within 5 s of its start', async () => {
  await subject.endDaemon('SIGKILL');
  expect(pidsOf(before).filter((pid) => !isRunning(pid))).toEqual([]);
  const tookMs = await servedAfterMs();
  console.log(`20 machines were served again after ${Math.round(tookMs)} ms`);
  expect(tookMs).toBeLessThan(READOPTED_WITHIN_MS);
  await sameMachines();
});

test('#3 · the daemon is replaced (SIGTERM, then another) · machines go on, and their ports are served within 5 s', async () => {
  await subject.endDaemon('SIGTERM');
  expect(await servedAfterMs()).toBeLessThan(READOPTED_WITHIN_MS);
  await sameMachines();
});

test('#31 · a second daemon on the same home · it ends at once, names the first, and nothing changes', async () => {
  const pid = await subject.daemonPid();
  const startedAt = performance.now();
  const { code, stderr } = await berth(['serve'], { timeoutMs: 20_000 });
  expect(performance.now() - startedAt).toBeLessThan(5_000);
  expect([code, stderr]).toEqual([DAEMON_EXIT_CODE, expect.stringContaining(String(pid))]);
  expect(await subject.daemonPid()).toBe(pid);
  await sameMachines();
});

test('#34 · 200 connections to one sleeper · one wake, and each is answered', async () => {
  await removeAll(subject);
  await subject.run('POST', '/forks', { source: FAULT_TEMPLATE, name: 'sleeper' });
  await ask('sleeper', 'sleep');
  const environment = await subject.environment('sleeper');
  const from = (await events()).at(-1)?.sequence ?? 0;
  const all = await Promise.all(
    Array.from({ length: 200 }, () => get(urlOf(environment), ANSWERED_WITHIN_MS)),
  );
  expect(all.filter((text) => text === 'hello\n')).toHaveLength(200);
  const wakes = async () => (await events(from)).filter(({ kind }) => kind === 'environment.woken').length;
  await expect.poll(wakes).toBeGreaterThan(0);
  expect(await wakes()).toBe(1);
  await assertInvariants(subject);
});

async function events(after = 0): Promise<BerthEvent[]> {
  return (await berthOk(['events', '--json', '--after', String(after)]))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as BerthEvent);
}
