import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { BerthEvent, Environment, Operation } from '../../src/model/index.ts';
import { berth, berthOk } from '../e2e/rig/berth.ts';
import { sharedHome } from '../e2e/rig/home.ts';
import { answers, get, urlOf } from '../e2e/rig/http.ts';
import { isRunning } from '../e2e/rig/processes.ts';
import { call, Refusal } from './rig/api.ts';
import { assertInvariants } from './rig/invariants.ts';
import { FAULT_TEMPLATE, prepareFaults, removeAll } from './rig/project.ts';
import { Subject, until } from './rig/subject.ts';

const TWENTY = 20;
const AT_ONCE = 4;
const READOPTED_WITHIN_MS = 5_000;
/** An emulated guest on a busy host. */
const ANSWERED_WITHIN_MS = 120_000;
const DAEMON_EXIT_CODE = 6;

let subject: Subject;
const fork = (name: string) => subject.run('POST', '/forks', { source: FAULT_TEMPLATE, name });
const remove = (name: string) => subject.run('DELETE', `/environments/${name}`);
const ask = (name: string, verb: string, body?: object) =>
  subject.run('POST', `/environments/${name}/${verb}`, body);
const pidsOf = (environments: readonly Environment[]) => environments.flatMap(({ pid }) => pid ?? []);

beforeAll(async () => {
  subject = new Subject(sharedHome());
  await prepareFaults(subject);
});
afterAll(async () => {
  await subject.startDaemon();
  await removeAll(subject);
});

describe('twenty machines and their daemon', () => {
  let before: Environment[];

  beforeAll(async () => {
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
});

describe('clients that come, go and ask twice', () => {
  afterEach(() => removeAll(subject));

  test('#35 · the client of a fork disconnects and asks again with its key · one fork, and the same operation', async () => {
    const body = { source: FAULT_TEMPLATE, name: 'once' };
    const key = createHash('sha256').update(String(performance.now())).digest('hex');
    const leaving = new AbortController();
    const first = call(subject.home, 'POST', '/forks', body, { key, signal: leaving.signal });
    setTimeout(() => leaving.abort(), 5);
    await first.catch(() => undefined);
    const again = await Promise.all(
      Array.from({ length: 5 }, () => subject.ask<Operation>('POST', '/forks', body, { key })),
    );
    expect(new Set(again.map(({ id }) => id)).size).toBe(1);
    expect(await subject.ended(again[0]?.id ?? '')).toMatchObject({ state: 'succeeded' });
    expect((await subject.environments()).map(({ name }) => name)).toEqual(['once']);
    await assertInvariants(subject);
    // Also by another daemon, and after it has ended.
    await subject.killDaemon();
    expect(await subject.ask<Operation>('POST', '/forks', body, { key })).toMatchObject({ id: again[0]?.id });
  });

  test('#35 b · the client that wakes a sleeper disconnects at once · it is awake or asleep, and nothing is left over', async () => {
    await fork('sleeper');
    await ask('sleeper', 'sleep');
    const environment = await subject.environment('sleeper');
    for (let index = 0; index < 3; index++) await accepts(environment);
    await assertInvariants(subject);
    expect(await get(urlOf(environment))).toBe('hello\n');
    await assertInvariants(subject);
  });

  test('#34 · 200 connections to one sleeper · one wake, and each is answered', async () => {
    await fork('sleeper');
    await ask('sleeper', 'sleep');
    const environment = await subject.environment('sleeper');
    const from = (await events()).length;
    const all = await Promise.all(
      Array.from({ length: 200 }, () => get(urlOf(environment), ANSWERED_WITHIN_MS)),
    );
    expect(all.filter((text) => text === 'hello\n')).toHaveLength(200);
    const woken = (await events()).slice(from).filter(({ kind }) => kind === 'environment.woken');
    expect(woken).toHaveLength(1);
    await assertInvariants(subject);
  });
});

describe('many calls on one environment', () => {
  afterEach(() => removeAll(subject));

  /** Codes of the calls that were refused at once, and the states in which the others ended. */
  async function outcomes(calls: readonly Promise<Operation>[]): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    for (const result of await Promise.allSettled(calls)) {
      const word = result.status === 'fulfilled' ? result.value.state : codeOf(result.reason);
      counts.set(word, (counts.get(word) ?? 0) + 1);
    }
    return counts;
  }

  test('#41 · an environment is removed while it is being made · both end, and nothing is left', async () => {
    for (const delayMs of [0, 50, 150, 300, 500]) {
      const making = subject.attempt('POST', '/forks', { source: FAULT_TEMPLATE, name: 'gone' });
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      const removed = await subject
        .attempt('DELETE', '/environments/gone')
        .catch((error: unknown) => codeOf(error));
      const made = await making;
      expect([
        removed === 'not-found',
        typeof removed === 'object' && removed.state === 'succeeded',
      ]).toContain(true);
      if (removed === 'not-found') await remove('gone').catch(() => undefined);
      expect(['succeeded', 'cancelled']).toContain(made.state);
      expect(await subject.environments()).toEqual([]);
    }
    await assertInvariants(subject);
  });

  test('#41 b · it is removed while it falls asleep, and while it is forked · it is gone with all it had', async () => {
    for (const other of ['sleep', 'fork'] as const) {
      await fork('busy');
      const work =
        other === 'sleep'
          ? subject.attempt('POST', '/environments/busy/sleep', {})
          : subject.attempt('POST', '/forks', { source: 'busy', name: 'of-busy' });
      await new Promise((resolve) => setTimeout(resolve, 100));
      await remove('busy');
      await work;
      expect((await subject.environments()).map(({ name }) => name)).not.toContain('busy');
      await assertInvariants(subject);
      await removeAll(subject);
    }
  });

  test('#41 c · ten removals at once · one does it, the others are told so', async () => {
    await fork('busy');
    const counts = await outcomes(
      Array.from({ length: 10 }, () => subject.attempt('DELETE', '/environments/busy')),
    );
    expect(counts.get('succeeded') ?? 0).toBeGreaterThanOrEqual(1);
    expect(
      [...counts.keys()].filter((word) => !['succeeded', 'conflict', 'not-found'].includes(word)),
    ).toEqual([]);
    await assertInvariants(subject);
    expect(await subject.environments()).toEqual([]);
  });

  test('#41 d · 50 starts of one stopped environment at once · one starts it, 49 are told of it, one machine', async () => {
    await fork('busy');
    await ask('busy', 'stop', { force: true });
    const starts = Array.from({ length: 50 }, () => subject.attempt('POST', '/environments/busy/start', {}));
    const counts = await outcomes(starts);
    expect(counts.get('succeeded')).toBe(1);
    expect(
      [...counts.keys()].filter(
        (word) => !['succeeded', 'conflict', 'already-running', 'failed'].includes(word),
      ),
    ).toEqual([]);
    await assertInvariants(subject);
    expect((await subject.environment('busy')).state).toBe('running');
  });
});

describe('ports', () => {
  afterEach(() => removeAll(subject));

  test('#33 · a port is taken by another process before a fork opens it · the error names the process, and no fork is left', async () => {
    await fork('probe');
    const { address } = await subject.environment('probe');
    await remove('probe');
    const thief = createServer().listen(8080, address);
    await once(thief, 'listening');
    const forked = await subject.attempt('POST', '/forks', { source: FAULT_TEMPLATE, name: 'late' });
    expect(forked).toMatchObject({ state: 'failed', error: { code: 'port-in-use' } });
    expect(forked.error?.message).toContain(String(process.pid));
    expect(await subject.environments()).toEqual([]);
    thief.close();
    await assertInvariants(subject);
  });
});

async function accepts({ address }: Environment): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port: 8080 });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

async function events(): Promise<BerthEvent[]> {
  return (await berthOk(['events', '--json']))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as BerthEvent);
}

function codeOf(error: unknown): string {
  if (error instanceof Refusal) return error.failure.code;
  throw error;
}
