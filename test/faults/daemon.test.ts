import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Operation } from '../../src/model/index.ts';
import { sharedHome } from '../e2e/rig/home.ts';
import { get, urlOf } from '../e2e/rig/http.ts';
import { call, Refusal } from './rig/api.ts';
import { accepts } from './rig/accepts.ts';
import { assertInvariants } from './rig/invariants.ts';
import { FAULT_TEMPLATE, prepareFaults, removeAll } from './rig/project.ts';
import { Subject } from './rig/subject.ts';

let subject: Subject;
const fork = (name: string) => subject.run('POST', '/forks', { source: FAULT_TEMPLATE, name });
const remove = (name: string) => subject.run('DELETE', `/environments/${name}`);
const ask = (name: string, verb: string, body?: object) =>
  subject.run('POST', `/environments/${name}/${verb}`, body);

beforeAll(async () => {
  subject = new Subject(sharedHome());
  await prepareFaults(subject);
});
afterAll(async () => {
  await subject.startDaemon();
  await removeAll(subject);
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

  async function takePort(address: string): Promise<AsyncDisposable> {
    const thief = createServer().listen(8080, address);
    await once(thief, 'listening');
    return { [Symbol.asyncDispose]: () => new Promise((resolve) => thief.close(() => resolve())) };
  }

  test('#33 · a port of a stopped environment is taken by another process · its start names the process and leaves it stopped; it starts when the port is free', async () => {
    await fork('probe');
    await ask('probe', 'stop', { force: true });
    const { address } = await subject.environment('probe');
    {
      await using _thief = await takePort(address);
      const started = await subject.attempt('POST', '/environments/probe/start', {});
      expect(started).toMatchObject({ state: 'failed', error: { code: 'port-in-use' } });
      expect(started.error?.message).toContain(String(process.pid));
      const { state, reason } = await subject.environment('probe');
      expect([state, reason]).toEqual(['stopped', started.error?.message]);
      await assertInvariants(subject);
    }
    await ask('probe', 'start');
    expect(await get(urlOf(await subject.environment('probe')))).toBe('hello\n');
    await assertInvariants(subject);
  });

  test('#33 b · another process listens at the address that a fork would get · the fork gets another', async () => {
    await fork('probe');
    const { address } = await subject.environment('probe');
    await remove('probe');
    await using _thief = await takePort(address);
    await fork('late');
    const late = await subject.environment('late');
    expect(late.address).not.toBe(address);
    expect(await get(urlOf(late))).toBe('hello\n');
    await assertInvariants(subject);
  });
});

function codeOf(error: unknown): string {
  if (error instanceof Refusal) return error.failure.code;
  throw error;
}
