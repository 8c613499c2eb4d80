import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Environment } from '../../src/model/index.ts';
import { sharedHome } from '../e2e/rig/home.ts';
import { get, urlOf } from '../e2e/rig/http.ts';
import { crash, type Seen, titled, withState } from './rig/crash-case.ts';
import { FAULT_TEMPLATE, prepareFaults, removeAll } from './rig/project.ts';
import { Subject } from './rig/subject.ts';

const NAME = 'resting';
let subject: Subject;
let environment: Environment;

const ask = (verb: string, body: object = {}) => subject.run('POST', `/environments/${NAME}/${verb}`, body);
const wake = () => subject.run('POST', `/environments/${NAME}/wake`);
/** Through the published port: wakes it where it sleeps. */
const visits = async () => Number(await get(`${urlOf(environment)}/cgi-bin/count`));

beforeAll(async () => {
  subject = new Subject(sharedHome());
  await prepareFaults(subject);
  await subject.run('POST', '/forks', { source: FAULT_TEMPLATE, name: NAME });
  environment = await subject.environment(NAME);
});
afterAll(async () => {
  await subject.startDaemon();
  await removeAll(subject);
});

describe('falling asleep and waking up', () => {
  const falling = ['sleep.squeezed', 'sleep.file-made', 'sleep.saved', 'rest.paused'] as const;

  test.each(titled(falling))('#1 · the daemon is killed at %s · the rest is %s: it runs', async (at) => {
    const before = await visits();
    await crash(subject, { at, act: () => ask('sleep', at === 'rest.paused' ? { freeze: true } : {}) });
    expect(await visits()).toBe(before + 1);
  });

  const fallen = ['sleep.noted', 'sleep.machine-ended', 'sleep.process-forgotten', 'rest.noted'] as const;

  test.each(titled(fallen))(
    '#1 · the daemon is killed at %s · the rest is %s: a visit wakes it',
    async (at) => {
      const before = await visits();
      const freeze = at === 'rest.noted';
      const finished = withState(NAME, freeze ? 'frozen' : 'asleep');
      await crash(subject, { at, act: () => ask('sleep', freeze ? { freeze } : {}), finished });
      expect(await visits()).toBe(before + 1);
    },
  );

  const waking = ['wake.machine-started', 'wake.taken-over', 'thaw.resumed'] as const;

  test.each(titled(waking))(
    '#1 · the daemon is killed at %s · the wake is %s: a visit wakes it',
    async (at) => {
      const before = await visits();
      await ask('sleep', at === 'thaw.resumed' ? { freeze: true } : {});
      await crash(subject, { at, act: wake });
      expect(await visits()).toBe(before + 1);
    },
  );

  const woken = ['wake.noted', 'wake.resumed', 'wake.published'] as const;

  test.each(titled(woken))('#1 · the daemon is killed at %s · the wake is %s', async (at) => {
    const before = await visits();
    await ask('sleep');
    await crash(subject, { at, act: wake, finished: withState(NAME, 'running') });
    expect(await visits()).toBe(before + 1);
  });
});

describe('replicas', () => {
  const scale = (replicas: number) => ask('scale', { replicas, drainMs: 500 });
  const running = async (before: Seen) => {
    const there = await subject.environments();
    const environments = Object.fromEntries(
      there.filter(({ replicaOf }) => replicaOf !== undefined).map(({ name }) => [name, 'running']),
    );
    return { ...before, environments: { ...before.environments, ...environments } };
  };

  const adding = ['scale.noted', 'scale.template-made', 'scale.forked'] as const;

  test.each(titled(adding))('#1 · the daemon is killed at %s · the scaling is %s', async (at) => {
    await crash(subject, { at, act: () => scale(2), finished: running });
    expect((await subject.environment(NAME)).replicas?.machines.map(({ health }) => health)).toEqual([
      'up',
      'up',
    ]);
    await scale(1);
  });

  const removing = ['scale.drained', 'scale.removing'] as const;

  test.each(titled(removing))('#1 · the daemon is killed at %s · the scaling is %s', async (at) => {
    await scale(2);
    const finished = ({ templates }: Seen) => ({ templates, environments: { [NAME]: 'running' } });
    await crash(subject, { at, act: () => scale(1), finished });
  });
});
