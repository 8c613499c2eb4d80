import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Environment } from '../../src/model/index.ts';
import { sharedHome } from '../e2e/rig/home.ts';
import { get, urlOf } from '../e2e/rig/http.ts';
import { crash, type Seen, titled, withState, without } from './rig/crash-case.ts';
import { FAULT_TEMPLATE, prepareFaults, removeAll } from './rig/project.ts';
import { Subject, until } from './rig/subject.ts';

const PARENT = 'crash';
let subject: Subject;
let parent: Environment;

const visits = async () => Number(await get(`${urlOf(parent)}/cgi-bin/count`));
const fork = (source: string, name: string) => subject.run('POST', '/forks', { source, name });

beforeAll(async () => {
  subject = new Subject(sharedHome());
  await prepareFaults(subject);
  await fork(FAULT_TEMPLATE, PARENT);
  parent = await subject.environment(PARENT);
});
afterAll(async () => {
  await subject.startDaemon();
  await removeAll(subject);
});

describe('a fork of a template', () => {
  const undone = [
    ...(['fork.recorded', 'fork.disk-made', 'fork.machine-started'] as const),
    ...(['fork.taken-over', 'fork.identified', 'fork.published'] as const),
  ];

  test.each(titled(undone))('#1 · the daemon is killed at %s · the fork is %s', async (at) => {
    await crash(subject, { at, act: () => fork(FAULT_TEMPLATE, 'copy') });
  });

  test.each(titled(['fork.ready']))('#1 · the daemon is killed at %s · the fork is %s', async (at) => {
    await crash(subject, {
      at,
      act: () => fork(FAULT_TEMPLATE, 'copy'),
      finished: withState('copy', 'running'),
    });
  });
});

describe('a running environment is frozen', () => {
  const NAMED = 'crash-named';
  const freeze = () => subject.run('POST', '/templates', { environment: PARENT, name: NAMED });
  const undone = [
    ...(['freeze.planned', 'freeze.prepared', 'freeze.saved', 'freeze.protected'] as const),
    ...(['freeze.completed', 'freeze.layer-adopted', 'freeze.noted'] as const),
  ];

  test.each(titled(undone))('#1 · the daemon is killed at %s · the template is %s', async (at) => {
    const before = await visits();
    await crash(subject, { at, act: freeze });
    expect(await visits()).toBe(before + 1);
  });

  test.each(titled(['freeze.saved', 'freeze.noted']))(
    '#1 · the daemon is killed at %s of a fork · the fork is %s and its parent goes on',
    async (at) => {
      const before = await visits();
      await crash(subject, { at, act: () => fork(PARENT, 'copy-of-running') });
      expect(await visits()).toBe(before + 1);
    },
  );

  test.each(titled(['template.sealed']))(
    '#1 · the daemon is killed at %s · the template is %s',
    async (at) => {
      const finished = (before: Seen) => ({ ...before, templates: [...before.templates, NAMED] });
      await crash(subject, { at, act: freeze, finished });
      await fork(NAMED, 'of-named');
      await subject.run('DELETE', '/environments/of-named');
    },
  );

  test.each(titled(['template.unlisted']))(
    '#1 · the daemon is killed at %s · its removal is %s',
    async (at) => {
      // One that nobody's disk stands on.
      await fork(FAULT_TEMPLATE, 'passing');
      await subject.run('POST', '/templates', { environment: 'passing', name: 'passed' });
      await subject.run('DELETE', '/environments/passing');
      const finished = (before: Seen) => ({
        ...before,
        templates: before.templates.filter((name) => name !== 'passed'),
      });
      await crash(subject, { at, act: () => subject.ask('DELETE', '/templates/passed'), finished });
    },
  );

  test.each(titled(['template.memory-given-up']))(
    '#1 · the daemon is killed at %s · giving it up is %s',
    async (at) => {
      await fork(PARENT, 'short');
      const act = () => subject.run('DELETE', '/environments/short');
      const finished = without('short');
      await crash(subject, { at, act, finished });
    },
  );
});

describe('forks that are kept ready', () => {
  const warm = (max: number) => subject.ask('POST', `/templates/${FAULT_TEMPLATE}/warm`, { min: max, max });
  const ready = () =>
    until('a warm fork', 60_000, async () => {
      const template = (await subject.templates()).find(({ name }) => name === FAULT_TEMPLATE);
      return template?.warm?.ready === 1 ? true : undefined;
    });
  const making = ['warm.disk-made', 'warm.machine-started', 'warm.identified', 'warm.paused'] as const;

  test.each(titled(making))('#1 · the daemon is killed at %s · it is %s, and another is made', async (at) => {
    const act = async () => {
      await warm(1);
      await ready();
    };
    await crash(subject, { at, act, check: async () => void (await ready()) });
    await warm(0);
  });

  const taking = ['pool.taken', 'pool.recorded', 'pool.taken-over', 'pool.named'] as const;

  test.each(titled(taking))('#1 · the daemon is killed at %s · the fork is %s', async (at) => {
    const act = async () => {
      await warm(1);
      await ready();
      await fork(FAULT_TEMPLATE, 'from-warm');
    };
    await crash(subject, { at, act });
    await warm(0);
  });
});
