import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CRASH_POINTS, type CrashPoint } from '../../src/base/index.ts';
import type { Backup, BackupRepository, Environment, Operation } from '../../src/model/index.ts';
import { newHome, sharedHome } from '../e2e/rig/home.ts';
import { get, urlOf } from '../e2e/rig/http.ts';
import { workDirectory } from '../e2e/rig/tiny.ts';
import { assertInvariants } from './rig/invariants.ts';
import { FAULT_TEMPLATE, prepareFaults, removeAll } from './rig/project.ts';
import { Subject } from './rig/subject.ts';

const NAME = 'backed-up';
/** It boots, and starts its containers, beside others. */
const SOON = { timeout: 120_000, interval: 200 };
const started = { repository: 'main' };
let subject: Subject;

const place = (name: string) => join(workDirectory('crash-backup'), name);
const backups = () => subject.ask<Backup[]>('GET', '/backups');
const scratch = (home = subject.home) => {
  const directory = join(home, 'backups/scratch');
  return existsSync(directory) ? readdirSync(directory) : [];
};
const names = async (of = subject) => (await of.environments()).map(({ name }) => name).sort();
const backUp = (repository = 'main') => subject.run('POST', '/backups', { environment: NAME, repository });
const writes = async () => {
  const url = urlOf(await subject.environment(NAME));
  await get(`${url}/cgi-bin/put?again`);
  expect((await get(`${url}/cgi-bin/get`)).trim()).toBe('again');
};

/** The operation that the daemon was at, once it has been told what has become of it. */
async function settled(of: Subject, kind: string): Promise<Operation['state']> {
  const [last] = (await of.operations()).filter((one) => one.kind === kind);
  if (last === undefined) throw new Error(`there is no operation ${kind}`);
  return (await of.ended(last.id)).state;
}

/** For titles. */
function titled<Point extends CrashPoint>(...points: readonly Point[]): [Point, string][] {
  return points.map((point) => [point, CRASH_POINTS[point]]);
}

beforeAll(async () => {
  rmSync(workDirectory('crash-backup'), { recursive: true, force: true });
  mkdirSync(workDirectory('crash-backup'), { recursive: true });
  subject = new Subject(sharedHome());
  await prepareFaults(subject);
  for (const { name } of await subject.ask<BackupRepository[]>('GET', '/backup-repositories'))
    await subject.ask('DELETE', `/backup-repositories/${name}`);
  await subject.run('POST', '/forks', { source: FAULT_TEMPLATE, name: NAME });
  await subject.ask('POST', '/backup-repositories', { name: 'main', location: place('main') });
  await subject.ask('POST', '/backup-repositories', { name: 'fresh', location: place('fresh') });
  await backUp();
});
afterAll(async () => {
  await subject.startDaemon();
  for (const name of ['main', 'fresh', 'third'])
    await subject.ask('DELETE', `/backup-repositories/${name}`).catch(() => undefined);
  await removeAll(subject);
});

test.each(
  titled(
    'backup.claimed',
    'backup.split',
    'backup.copied',
    'backup.image-stored',
    'backup.stored',
    'backup.tidied',
  ),
)(
  '#1 · the daemon is killed at %s · the backup is %s, nothing is left of it but in the repository, the guest writes on',
  async (at, outcome) => {
    const before = await backups();
    await subject.crashAt(at, () => backUp(at === 'backup.image-stored' ? 'fresh' : 'main'));
    await subject.startDaemon();
    expect(await settled(subject, 'backup')).toBe(outcome === 'undone' ? 'cancelled' : 'succeeded');
    expect(await backups()).toHaveLength(before.length + (outcome === 'undone' ? 0 : 1));
    expect(scratch()).toEqual([]);
    await assertInvariants(subject);
    await writes();
  },
);

test.each(titled('backup-restore.recorded', 'backup-restore.fetched', 'backup-restore.placed'))(
  '#1 · the daemon is killed at %s · the restore is %s',
  async (at, outcome) => {
    await subject.crashAt(at, () =>
      subject.run('POST', `/backups/${NAME}/restore`, { name: 'again', ...started }),
    );
    await subject.startDaemon();
    expect(await settled(subject, 'backup-restore')).toBe(outcome === 'undone' ? 'cancelled' : 'succeeded');
    expect(await names()).toEqual(outcome === 'undone' ? [NAME] : ['again', NAME]);
    expect(scratch()).toEqual([]);
    if (outcome !== 'undone') {
      // It is started as had been asked for.
      await expect.poll(async () => (await subject.environment('again')).state, SOON).toBe('running');
      await subject.run('DELETE', '/environments/again');
    }
    await assertInvariants(subject);
  },
);

test.each(titled('backup-verify.placed', 'backup-verify.ran'))(
  '#1 · the daemon is killed at %s · the verification is %s, its environment is gone',
  async (at) => {
    await subject.crashAt(at, () => subject.run('POST', `/backups/${NAME}/verify`, started));
    await subject.startDaemon();
    expect(await settled(subject, 'backup-verify')).toBe('cancelled');
    expect(await names()).toEqual([NAME]);
    expect(scratch()).toEqual([]);
    await assertInvariants(subject);
  },
);

test('#1 · the daemon is killed at repository.made · the repository is known with its password', async () => {
  const request = { name: 'third', location: place('third') };
  await subject.crashAt('repository.made', () => subject.ask('POST', '/backup-repositories', request));
  await subject.startDaemon();
  const known = await subject.ask<BackupRepository[]>('GET', '/backup-repositories');
  expect(known.map(({ name }) => name)).toEqual(['fresh', 'main', 'third']);
  expect(await subject.ask('GET', '/backups?repository=third')).toEqual([]);
});

test('#1 · the daemon of an empty home is killed at backup-restore.image-fetched · the restore is undone, and works the next time', async () => {
  const [main] = (await subject.ask<BackupRepository[]>('GET', '/backup-repositories')).filter(
    ({ name }) => name === 'main',
  );
  const password = readFileSync(main?.passwordFile ?? '', 'utf8');
  const other = new Subject(newHome());
  try {
    await other.startDaemon();
    await other.ask('POST', '/backup-repositories', { name: 'main', location: place('main'), password });
    const restore = () => other.run('POST', `/backups/${NAME}/restore`, { start: false });
    await other.crashAt('backup-restore.image-fetched', restore);
    await other.startDaemon();
    expect(await settled(other, 'backup-restore')).toBe('cancelled');
    expect(await names(other)).toEqual([]);
    expect(scratch(other.home)).toEqual([]);
    await restore();
    expect(await other.ask<Environment>('GET', `/environments/${NAME}`)).toMatchObject({ state: 'stopped' });
    await other.run('DELETE', `/environments/${NAME}`);
  } finally {
    await other.run('POST', '/purge', {}).catch(() => undefined);
    await other.endDaemon();
    rmSync(other.home, { recursive: true, force: true });
  }
});
