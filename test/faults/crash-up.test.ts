import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { berth, berthJson, berthOk, inMachine } from '../e2e/rig/berth.ts';
import { sharedHome } from '../e2e/rig/home.ts';
import { get, urlOf } from '../e2e/rig/http.ts';
import { isRunning } from '../e2e/rig/processes.ts';
import { workDirectory } from '../e2e/rig/tiny.ts';
import { crash, titled, withState } from './rig/crash-case.ts';
import { FAULT_TEMPLATE, faultProject, keptVolumes, prepareFaults, removeAll } from './rig/project.ts';
import { Subject, until } from './rig/subject.ts';

const NAME = 'new';
/** A shape of which there is no warm guest yet. */
const OTHER_SHAPE = '  memory: 320MiB\n';
const IMAGE_TIMEOUT_MS = 360_000;
let subject: Subject;
let file: string;

const up = () => berth(['up', '-f', file, '--name', NAME, '--quiet']);
const visits = async () => Number(await get(`${urlOf(await subject.environment(NAME))}/cgi-bin/count`));
const remove = (query = '') => subject.run('DELETE', `/environments/${NAME}${query}`);
const fork = () => subject.run('POST', '/forks', { source: FAULT_TEMPLATE, name: NAME });

beforeAll(async () => {
  subject = new Subject(sharedHome());
  await prepareFaults(subject);
  file = await faultProject(workDirectory('crash-up'));
});
beforeEach(async () => {
  await subject.startDaemon();
  await removeAll(subject);
});
afterAll(async () => {
  await subject.startDaemon();
  await removeAll(subject);
});

describe('up', () => {
  const early = [
    'up.recorded',
    'up.disk-made',
    'up.machine-started',
    'up.taken-over',
    'apply.composed',
  ] as const;

  test.each(titled(early))('#1 · the daemon is killed at %s · the environment is %s', async (at) => {
    await crash(subject, { at, act: up });
  });

  test.each(titled(['up.ready']))('#1 · the daemon is killed at %s · the environment is %s', async (at) => {
    await crash(subject, { at, act: up, finished: withState(NAME, 'running') });
  });

  /** Leaves volumes behind in which two visits were counted. */
  async function leaveVolumes(): Promise<void> {
    await fork();
    await visits();
    await visits();
    await remove('?keepVolumes=true');
  }

  test.each(titled(['up.volumes-brought-in']))(
    '#1 · the daemon is killed at %s · the environment is %s, and the volumes are kept still',
    async (at) => {
      await leaveVolumes();
      await crash(subject, { at, act: up });
      expect(await keptVolumes(subject)).toHaveLength(1);
    },
  );

  test.each(titled(['up.kept-removed']))(
    '#1 · the daemon is killed at %s · the environment is %s, and has the volumes',
    async (at) => {
      if ((await keptVolumes(subject)).length === 0) await leaveVolumes();
      await crash(subject, { at, act: up, finished: withState(NAME, 'running') });
      expect(await keptVolumes(subject)).toHaveLength(0);
      expect(await visits()).toBe(3);
    },
  );
});

describe('the guest that up starts from', () => {
  test.each(titled(['base.disk-made', 'base.booted', 'base.frozen']))(
    '#1 · the daemon is killed at %s · the environment and the warm guest are %s',
    async (at) => {
      const other = await faultProject(workDirectory('crash-base'), OTHER_SHAPE);
      const templates = async () => (await subject.templates()).map(({ id }) => id);
      const before = await templates();
      await crash(subject, { at, act: () => berth(['up', '-f', other, '--name', NAME, '--quiet']) });
      expect(await templates()).toEqual(before);
    },
  );
});

describe('image build', () => {
  const build = () => subject.run('POST', '/images/debian-13/build', { force: true });

  test.each(titled(['image.place-taken', 'image.installing']))(
    '#1 · the daemon is killed at %s · the build is %s, and no process of it goes on',
    async (at) => {
      await crash(subject, { at, act: build });
    },
  );

  test.each(titled(['image.accepted']))(
    '#1 · the daemon is killed at %s · the build is %s',
    async (at) => {
      const before = await berthJson<unknown[]>(['image', 'ls']);
      await crash(subject, { at, act: build, finished: (seen) => seen });
      expect((await berthJson<unknown[]>(['image', 'ls'])).length).toBeGreaterThanOrEqual(before.length);
    },
    IMAGE_TIMEOUT_MS,
  );
});

describe('what comes back by itself', () => {
  test.each(titled(['revive.noted', 'revive.identified']))(
    '#1 · a guest restarts and the daemon is killed at %s · it is brought back: %s',
    async (at) => {
      await fork();
      const before = await visits();
      await inMachine(NAME, 'sync');
      const act = async () => {
        await berth(['shell', NAME, '--', '/bin/sh', '-c', 'echo b >/proc/sysrq-trigger']);
        await until('the end of the daemon', 90_000, async () =>
          (await subject.daemonPid()) === undefined ? true : undefined,
        );
      };
      await crash(subject, { at, act, finished: withState(NAME, 'running'), check: running });
      expect(await visits()).toBe(before + 1);
    },
  );

  test.each(titled(['return.noted']))(
    '#1 · all machines went down and the daemon is killed at %s · they are started again: %s',
    async (at) => {
      await fork();
      const before = await visits();
      await berthOk(['shell', NAME, '--', 'sync']);
      // As after a power cut: nothing is there any more, and nobody said good-bye.
      const prepare = async () => {
        const { pid = -1 } = await subject.environment(NAME);
        await subject.endDaemon('SIGKILL');
        process.kill(pid, 'SIGKILL');
        await until('its end', 10_000, () => (isRunning(pid) ? undefined : true));
      };
      const act = async () => undefined;
      await crash(subject, { at, prepare, act, finished: withState(NAME, 'running'), check: running });
      expect(await visits()).toBe(before + 1);
    },
  );
});

async function running(): Promise<void> {
  await until('that it runs', 90_000, async () =>
    (await subject.environment(NAME)).state === 'running' ? true : undefined,
  );
}
