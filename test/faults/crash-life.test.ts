import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { berth, berthJson, berthOk, inMachine } from '../e2e/rig/berth.ts';
import { sharedHome } from '../e2e/rig/home.ts';
import { get, urlOf } from '../e2e/rig/http.ts';
import { output } from '../e2e/rig/program.ts';
import { workDirectory } from '../e2e/rig/tiny.ts';
import { crash, titled, withState, without } from './rig/crash-case.ts';
import { FAULT_TEMPLATE, prepareFaults, removeAll, VOLUME } from './rig/project.ts';
import { Subject } from './rig/subject.ts';

const NAME = 'life';
let subject: Subject;

const ask = (verb: string, body: object = {}) => subject.run('POST', `/environments/${NAME}/${verb}`, body);
const remove = (query = '') => subject.run('DELETE', `/environments/${NAME}${query}`);
const visits = async () => Number(await get(`${urlOf(await subject.environment(NAME))}/cgi-bin/count`));

beforeAll(async () => {
  subject = new Subject(sharedHome());
  await prepareFaults(subject);
});
beforeEach(async () => {
  await subject.startDaemon();
  const there = await subject.environments();
  if (there.some(({ name, state }) => name === NAME && state === 'running')) return;
  await removeAll(subject);
  await subject.run('POST', '/forks', { source: FAULT_TEMPLATE, name: NAME });
});
afterAll(async () => {
  await subject.startDaemon();
  await removeAll(subject);
});

describe('stop and start', () => {
  const stopping = ['stop.noted', 'stop.trimmed', 'stop.machine-ended', 'stop.released'] as const;

  test.each(titled(stopping))('#1 · the daemon is killed at %s · the stop is %s', async (at) => {
    await crash(subject, {
      at,
      act: () => ask('stop', { timeoutMs: 5_000 }),
      finished: withState(NAME, 'stopped'),
    });
  });

  test.each(titled(['start.noted', 'start.booted']))(
    '#1 · the daemon is killed at %s · the start is %s',
    async (at) => {
      await ask('stop', { force: true });
      await crash(subject, { at, act: () => ask('start') });
    },
  );

  test.each(titled(['start.taken-over', 'start.ready']))(
    '#1 · the daemon is killed at %s · the start is %s, and what was written is there',
    async (at) => {
      const before = await visits();
      await inMachine(NAME, 'sync');
      await ask('stop', { force: true });
      await crash(subject, { at, act: () => ask('start'), finished: withState(NAME, 'running') });
      expect(await visits()).toBe(before + 1);
    },
  );
});

describe('resize', () => {
  test.each(titled(['resize.noted', 'resize.disk-grown', 'resize.shape-noted']))(
    '#1 · the daemon is killed at %s · the disk grows all the same: %s',
    async (at) => {
      const { shape } = await subject.environment(NAME);
      const diskGib = shape.diskGib + 1;
      await crash(subject, {
        at,
        act: () => ask('resize', { diskGib }),
        finished: withState(NAME, 'running'),
      });
      expect((await subject.environment(NAME)).shape.diskGib).toBe(diskGib);
      const inside = Number(await inMachine(NAME, 'df --output=size -B1 / | tail -n1'));
      expect(inside).toBeGreaterThan((diskGib - 0.5) * 1024 ** 3);
    },
  );
});

describe('volumes', () => {
  const archive = async () => {
    const directory = workDirectory('crash-import');
    writeFileSync(join(directory, 'count'), '1000\n');
    await output(['tar', '-C', directory, '-cf', join(directory, 'in.tar'), 'count']);
    return join(directory, 'in.tar');
  };

  test.each(titled(['import.received', 'import.changed']))(
    '#1 · the daemon is killed at %s · the import is %s, and the container runs again',
    async (at) => {
      const before = await visits();
      const file = await archive();
      const act = () => berth(['volume', 'import', `${NAME}/${VOLUME}`, file, '--force']);
      const outcome = at === 'import.received' ? {} : { finished: withState(NAME, 'running') };
      await crash(subject, { at, act, ...outcome });
      expect(await visits()).toBe(at === 'import.received' ? before + 1 : 1001);
    },
  );

  test.each(titled(['keep.containers-stopped', 'keep.archived', 'keep.completed']))(
    '#1 · the daemon is killed at %s · the removal is %s, and the volumes are kept',
    async (at) => {
      await visits();
      await crash(subject, { at, act: () => remove('?keepVolumes=true'), finished: without(NAME) });
      const kept = await berthJson<{ name: string }[]>(['volume', 'ls', '--kept']);
      expect(kept).toHaveLength(1);
      await berthOk(['volume', 'rm', `${NAME}/${VOLUME}`, '--kept', '--yes']);
    },
  );
});

describe('rm', () => {
  const removing = [
    'remove.noted',
    'remove.machine-ended',
    'remove.disk-removed',
    'remove.forgotten',
  ] as const;

  test.each(titled(removing))('#1 · the daemon is killed at %s · the removal is %s', async (at) => {
    await crash(subject, { at, act: () => remove(), finished: without(NAME) });
  });
});
