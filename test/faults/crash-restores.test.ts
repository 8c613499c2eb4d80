import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Environment, Snapshot } from '../../src/model/index.ts';
import { sharedHome } from '../e2e/rig/home.ts';
import { get, urlOf } from '../e2e/rig/http.ts';
import { inMachine } from '../e2e/rig/berth.ts';
import { crash, type Seen, titled } from './rig/crash-case.ts';
import { FAULT_TEMPLATE, prepareFaults, removeAll } from './rig/project.ts';
import { Subject } from './rig/subject.ts';

const NAME = 'restored';
const SNAPSHOTS = `/environments/${NAME}/snapshots`;
let subject: Subject;
let environment: Environment;

const value = async () => (await get(`${urlOf(environment)}/cgi-bin/get`)).trim();
const put = (text: string) => get(`${urlOf(environment)}/cgi-bin/put?${text}`);
const snapshots = () => subject.ask<Snapshot[]>('GET', `/snapshots?environment=${NAME}`);
/** Only the machine's memory knows it. */
const bootId = () => inMachine(NAME, 'cat /proc/sys/kernel/random/boot_id', { home: subject.home });
const same = (before: Seen) => before;
/** A write that stands still is never answered. */
const writes = async () => {
  await put('written');
  expect(await value()).toBe('written');
};

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

describe('restoring one', () => {
  let boot: string;
  const restore = () => subject.run('POST', `${SNAPSHOTS}/then/restore`, {});

  beforeAll(async () => {
    await put('then');
    await subject.run('POST', SNAPSHOTS, { name: 'then', memory: true });
    boot = await bootId();
  });
  beforeEach(async () => {
    for (const { name, automatic } of await snapshots())
      if (automatic) await subject.ask('DELETE', `${SNAPSHOTS}/${name}`);
    await put('now');
  });

  const undone = [
    ...(['restore.planned', 'restore.saved', 'restore.ended', 'restore.kept'] as const),
    ...(['restore.disk-made', 'restore.switched', 'restore.started'] as const),
  ];

  test.each(titled(undone))(
    '#1 · the daemon is killed at %s · the restore is %s: it goes on from where it was',
    async (at) => {
      await crash(subject, { at, act: restore });
      expect(await value()).toBe('now');
      expect(await bootId()).toBe(boot);
      expect((await snapshots()).map(({ name }) => name)).toEqual(['then']);
      await writes();
    },
  );

  const finished = ['restore.done', 'restore.tidied', 'restore.sealed'] as const;

  test.each(titled(finished))(
    '#1 · the daemon is killed at %s · the restore is %s, and what it was before is kept',
    async (at) => {
      await crash(subject, { at, act: restore, finished: same });
      expect(await value()).toBe('then');
      expect(await bootId()).toBe(boot);
      await expect.poll(async () => (await snapshots()).filter((one) => one.automatic)).toHaveLength(1);
      await writes();
    },
  );
});
