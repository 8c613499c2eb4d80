import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Environment, Snapshot } from '../../src/model/index.ts';
import { sharedHome } from '../e2e/rig/home.ts';
import { get, urlOf } from '../e2e/rig/http.ts';
import { crash, type Seen, titled } from './rig/crash-case.ts';
import { FAULT_TEMPLATE, prepareFaults, removeAll } from './rig/project.ts';
import { Subject } from './rig/subject.ts';

const NAME = 'snapped';
const SNAPSHOTS = `/environments/${NAME}/snapshots`;
let subject: Subject;
let environment: Environment;

const value = async () => (await get(`${urlOf(environment)}/cgi-bin/get`)).trim();
const put = (text: string) => get(`${urlOf(environment)}/cgi-bin/put?${text}`);
const snapshots = () => subject.ask<Snapshot[]>('GET', `/snapshots?environment=${NAME}`);
const names = async () => (await snapshots()).filter(({ automatic }) => !automatic).map(({ name }) => name);
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

describe('taking a snapshot', () => {
  const undone = [
    ...(['snapshot.planned', 'snapshot.prepared', 'snapshot.quiesced'] as const),
    ...(['snapshot.split', 'snapshot.thawed', 'snapshot.recorded'] as const),
  ];

  test.each(titled(undone))(
    '#1 · the daemon is killed at %s · the snapshot is %s, the guest writes on',
    async (at) => {
      await crash(subject, {
        at,
        act: () => subject.run('POST', SNAPSHOTS, { name: 'half' }),
        check: writes,
      });
      expect(await names()).toEqual([]);
    },
  );

  test('#1 · the daemon is killed at snapshot.complete · the snapshot is there', async () => {
    const act = () => subject.run('POST', SNAPSHOTS, { name: 'whole' });
    await crash(subject, { at: 'snapshot.complete', act, finished: same, check: writes });
    expect(await names()).toEqual(['whole']);
    const [operation] = await subject.operations();
    expect(operation?.result?.names).toEqual(['whole']);
  });

  test('#1 · the daemon is killed at snapshot-rm.demoted · the snapshot is gone', async () => {
    const act = () => subject.ask('DELETE', `${SNAPSHOTS}/whole`);
    await crash(subject, { at: 'snapshot-rm.demoted', act, finished: same });
    expect(await names()).toEqual([]);
  });
});

describe('merging layers', () => {
  const layers = async () => {
    await subject.run('POST', SNAPSHOTS, { name: 'probe' });
    const probe = (await snapshots()).find(({ name }) => name === 'probe');
    await subject.ask('DELETE', `${SNAPSHOTS}/probe`);
    return probe?.layers ?? 0;
  };
  /** Until the disk is so deep that the daemon begins a merge with its next look. */
  const deepen = async () => {
    for (let count = await layers(); count < 14; count += 1) {
      await subject.run('POST', SNAPSHOTS, { name: 'deep' });
      await subject.ask('DELETE', `${SNAPSHOTS}/deep`);
    }
  };
  /** The daemon dies by itself. */
  const wait = () => new Promise<void>((resolve) => setTimeout(resolve, 1));

  const points = ['merge.planned', 'merge.merged', 'merge.recorded'] as const;

  test.each(titled(points))(
    '#1 · the daemon is killed at %s · the merge is %s, nothing is lost',
    async (at) => {
      const before = await value();
      const finished = at === 'merge.planned' ? {} : { finished: same };
      await deepen();
      await crash(subject, { at, act: wait, ...finished });
      expect(await value()).toBe(before);
      await writes();
      await expect.poll(layers, { timeout: 30_000, interval: 3_000 }).toBeLessThan(12);
      expect(await value()).toBe('written');
    },
  );
});
