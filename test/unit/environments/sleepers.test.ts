import { beforeEach, expect, test } from 'vitest';
import type { Context } from '../../../src/environments/context.ts';
import type { EnvironmentRecord } from '../../../src/environments/record.ts';
import type { Session } from '../../../src/environments/sessions.ts';
import { Sleepers } from '../../../src/environments/sleep/sleepers.ts';
import type { EnvironmentId } from '../../../src/model/index.ts';

const ID = 'env-000000000001' as EnvironmentId;

/** One environment whose machine only notes what is asked of it. */
class Rig {
  record = { id: ID, name: 'shop', state: 'running', workload: {} } as unknown as EnvironmentRecord;
  readonly asked: string[] = [];
  readonly told: string[] = [];
  /** What a pause waits for. */
  pausing: Promise<void> = Promise.resolve();
  failure: Error | undefined;
  readonly session = {
    isFrozen: false,
    isKnown: true,
    follower: { close: () => undefined },
    machine: {
      running: {
        process: { pid: process.pid },
        pause: async () => {
          this.asked.push('pause');
          await this.pausing;
          if (this.failure !== undefined) throw this.failure;
        },
        resume: async () => {
          this.asked.push('resume');
          if (this.failure !== undefined) throw this.failure;
        },
      },
      link: { setTime: async () => void this.asked.push('time') },
    },
  } as unknown as Session;
  readonly sleepers = new Sleepers(() => this.#context());

  #context(): Context {
    return {
      registry: {
        find: (ref: string) => (ref === ID || ref === 'shop' ? this.record : undefined),
        get: () => this.record,
        update: async (_id: string, change: Partial<EnvironmentRecord>) => {
          this.record = { ...this.record, ...change };
          return this.record;
        },
      },
      sessions: { find: () => this.session, disconnect: () => undefined },
      events: { append: (kind: string) => void this.told.push(kind) },
      log: { warn: () => undefined, info: () => undefined },
    } as unknown as Context;
  }
}

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});

const freeze = () => rig.sleepers.rest(ID, 'frozen', { cause: 'asked for' });

test('what is frozen is woken once, however many ask, with its clock set before it counts as awake', async () => {
  await freeze();
  expect([rig.record.state, rig.sleepers.isAwake(ID)]).toEqual(['frozen', false]);
  await Promise.all(Array.from({ length: 200 }, () => rig.sleepers.wake(ID, 'a connection')));
  expect([rig.record.state, rig.sleepers.isAwake(ID)]).toEqual(['running', true]);
  expect(rig.asked).toEqual(['pause', 'resume', 'time']);
  expect(rig.told).toEqual(['environment.frozen', 'environment.woken']);
});

test('who needs it while it is being brought to rest waits for the turn, and finds it awake', async () => {
  const paused = Promise.withResolvers<void>();
  rig.pausing = paused.promise;
  const resting = freeze();
  await expect.poll(() => rig.asked).toEqual(['pause']);
  expect(rig.sleepers.isAwake(ID)).toBe(false);
  const waking = rig.sleepers.wake(ID, 'a connection');
  paused.resolve();
  await Promise.all([resting, waking]);
  expect([rig.record.state, rig.sleepers.isAwake(ID)]).toEqual(['running', true]);
});

test('what waits for its turn to rest gives way to who needs it', async () => {
  const paused = Promise.withResolvers<void>();
  rig.pausing = paused.promise;
  const first = freeze();
  await expect.poll(() => rig.asked).toEqual(['pause']);
  const waking = rig.sleepers.wake(ID, 'a connection');
  const second = freeze();
  paused.resolve();
  await Promise.all([first, waking, second]);
  // The wake was asked for before the second rest, which then has its turn.
  expect(rig.record.state).toBe('frozen');
});

test('a rest that fails lets it run', async () => {
  rig.failure = new Error('the monitor does not answer');
  await expect(freeze()).rejects.toThrow('monitor');
  expect(rig.asked).toContain('resume');
});

test('a wake that fails is told to all who wait, leaves it at rest, and may be tried again', async () => {
  await freeze();
  rig.failure = new Error('the monitor does not answer');
  const tries = await Promise.allSettled([1, 2, 3].map(() => rig.sleepers.wake(ID, 'a connection')));
  expect(tries.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  expect([rig.record.state, rig.sleepers.isAwake(ID)]).toEqual(['frozen', false]);
  expect(rig.told.filter((kind) => kind === 'environment.wake-failed')).toHaveLength(1);
  rig.failure = undefined;
  await rig.sleepers.wake(ID, 'a connection');
  expect(rig.record.state).toBe('running');
});

test('what does not run is not brought to rest', async () => {
  rig.record = { ...rig.record, state: 'degraded' };
  await expect(freeze()).rejects.toMatchObject({ code: 'not-running' });
  expect(rig.asked).toEqual([]);
});

test('it is in use until the last of its streams has ended, each of which ends once', async () => {
  const one = rig.sleepers.use(ID);
  const other = rig.sleepers.use(ID);
  one[Symbol.dispose]();
  one[Symbol.dispose]();
  expect(rig.sleepers.usageOf(ID).uses).toBe(1);
  other[Symbol.dispose]();
  expect(rig.sleepers.usageOf(ID).uses).toBe(0);
  expect(rig.sleepers.usageOf(ID).idleMs).toBeLessThan(1_000);
});

test('to see that it is awake tells that it is used; a name that is none is nobody', async () => {
  await freeze();
  await rig.sleepers.awake('shop', '`berth exec`');
  expect(rig.record.state).toBe('running');
  await rig.sleepers.awake('other', '`berth exec`');
});
