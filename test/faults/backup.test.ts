import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Backup, BackupRepository, Environment, Operation } from '../../src/model/index.ts';
import {
  type BerthOptions,
  berth,
  berthFails,
  berthJson,
  berthOk,
  environments,
  inMachine,
  inService,
  inspect,
  operations,
  removeAllEnvironments,
  startBerth,
} from '../e2e/rig/berth.ts';
import { newHome, sharedHome } from '../e2e/rig/home.ts';
import { get, urlOf } from '../e2e/rig/http.ts';
import { makeTinyImage, tinyCompose, workDirectory } from '../e2e/rig/tiny.ts';
import { output } from '../e2e/rig/program.ts';
import { S3Server } from './rig/s3-server.ts';
import { prepareFaults } from './rig/project.ts';
import { Subject } from './rig/subject.ts';

const NAME = 'ledger';
const MIB = 1024 ** 2;
const work = () => workDirectory('backup');
const repository = () => join(work(), 'repository');
const countUrl = async (options?: BerthOptions) => `${urlOf(await inspect(NAME, options))}/cgi-bin/count`;
const backups = (...flags: string[]) => berthJson<Backup[]>(['backup', 'ls', ...flags]);
const leftovers = () => {
  const scratch = join(sharedHome(), 'backups', 'scratch');
  return existsSync(scratch) ? readdirSync(scratch) : [];
};

function bytesBelow(directory: string): number {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

beforeAll(async () => {
  await prepareFaults(new Subject(sharedHome()));
  rmSync(work(), { recursive: true, force: true });
  mkdirSync(work(), { recursive: true });
  await makeTinyImage(work());
  const more = '    volumes: [data:/data]';
  const web = { name: 'web', ports: ['8080:80'], more, command: ['httpd', '-f', '-p', '80', '-h', '/www'] };
  writeFileSync(join(work(), 'compose.yaml'), tinyCompose([web], 'volumes:\n  data: {}\n'));
  await berthOk(['up', '-f', join(work(), 'compose.yaml'), '--name', NAME]);
  for (const { name } of await berthJson<BackupRepository[]>(['backup', 'repo', 'ls']))
    await berthOk(['backup', 'repo', 'rm', name]);
  await berthOk(['backup', 'repo', 'add', 'main', repository()]);
});
afterAll(async () => {
  for (const { name } of await berthJson<BackupRepository[]>(['backup', 'repo', 'ls']))
    await berthOk(['backup', 'repo', 'rm', name]);
  await removeAllEnvironments();
});

test('backup · back up a running environment twice · the second stores only what changed, and the guest goes on', async () => {
  expect(await get(await countUrl())).toBe('1\n');
  const boot = await inMachine(NAME, 'cat /proc/sys/kernel/random/boot_id');
  const first = await berthJson<Backup>(['backup', 'create', NAME]);
  expect(first).toMatchObject({ environment: NAME, repository: 'main', consistency: 'file-system' });
  const stored = bytesBelow(repository());
  await inService(NAME, 'web', 'dd if=/dev/urandom of=/data/noise bs=1024 count=512 2>/dev/null');
  expect(await get(await countUrl())).toBe('2\n');
  await berthJson<Backup>(['backup', 'create', NAME]);
  const added = bytesBelow(repository()) - stored;
  expect(stored).toBeGreaterThan(30 * MIB);
  expect(added).toBeGreaterThan(MIB / 2);
  expect(added).toBeLessThan(8 * MIB);
  expect(await backups()).toHaveLength(2);
  expect(await inMachine(NAME, 'cat /proc/sys/kernel/random/boot_id')).toBe(boot);
  expect(leftovers()).toEqual([]);
});

test('backup · restore on an empty home · it serves the same data at its ports', async () => {
  expect(await get(await countUrl())).toBe('3\n');
  const password = join(work(), 'password');
  const [known] = await berthJson<BackupRepository[]>(['backup', 'repo', 'ls']);
  writeFileSync(password, readFileSync(known?.passwordFile ?? ''), { mode: 0o600 });
  const home = newHome();
  try {
    await berthOk(['backup', 'repo', 'add', 'main', repository(), '--password-file', password], { home });
    const [restored] = await berthJson<Environment[]>(['backup', 'restore', '--all'], { home });
    expect(restored).toMatchObject({ name: NAME, state: 'running' });
    const original = await inspect(NAME);
    expect(restored?.ports.map(({ hostPort }) => hostPort)).toEqual(
      original.ports.map(({ hostPort }) => hostPort),
    );
    // Two were counted when it was backed up.
    expect(await get(await countUrl({ home }))).toBe('3\n');
    const sum = (options?: BerthOptions) =>
      inMachine(NAME, 'cat /var/lib/containers/storage/volumes/*_data/_data/noise | sha256sum', options);
    expect(await sum({ home })).toBe(await sum());
    expect((await berthJson<Environment[]>(['image', 'ls'], { home })).length).toBe(1);
  } finally {
    await berthOk(['down', '--all', '--purge', '--yes'], { home });
    rmSync(home, { recursive: true, force: true });
  }
});

test('backup · verify · a scratch environment boots, becomes ready and is gone; a damaged repository is told', async () => {
  const before = (await environments()).map(({ name }) => name);
  expect(await berthOk(['backup', 'verify', NAME])).toContain('is good: it boots');
  expect((await environments()).map(({ name }) => name)).toEqual(before);
  expect(leftovers()).toEqual([]);
  const packs = readdirSync(join(repository(), 'data'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort((a, b) => statSync(b).size - statSync(a).size);
  const [largest = ''] = packs;
  const whole = readFileSync(largest);
  const spoilt = Buffer.from(whole);
  for (let at = 1000; at < spoilt.length; at += 5_000) spoilt[at] = (spoilt[at] ?? 0) ^ 1;
  writeFileSync(largest, spoilt);
  const failure = await berthFails(['backup', 'verify', NAME, '--quick']);
  expect(['backup-damaged', 'backup-repository-failed']).toContain(failure.code);
  expect(leftovers()).toEqual([]);
  writeFileSync(largest, whole);
  expect(await berthOk(['backup', 'verify', NAME, '--quick'])).toContain('everything is as it was saved');
});

test('backup · an S3-compatible store · stores and restores there, and no secret shows', async () => {
  await using s3 = await S3Server.start();
  const env = { ...process.env, AWS_ACCESS_KEY_ID: s3.accessKeyId, AWS_SECRET_ACCESS_KEY: s3.secret };
  await berthOk(['backup', 'repo', 'add', 'offsite', s3.location], { env });
  const made = await berthJson<Backup>(['backup', 'create', NAME, '--to', 'offsite']);
  expect(s3.keys.some((key) => key.startsWith('place/data/'))).toBe(true);
  expect((await backups('--repo', 'offsite')).map(({ id }) => id)).toEqual([made.id]);
  await berthOk(['backup', 'restore', made.id, '--name', 'from-s3', '--no-start']);
  expect(await inspect('from-s3')).toMatchObject({ state: 'stopped' });
  await berthOk(['rm', 'from-s3']);
  const told = [
    await berthOk(['events', '--json']),
    await berthOk(['operation', 'ls', '--json']),
    readFileSync(join(sharedHome(), 'daemon.log'), 'utf8'),
  ];
  expect(told.join('')).not.toContain(s3.secret);
  const secrets = join(sharedHome(), 'backups', 'repositories', 'offsite');
  for (const name of readdirSync(secrets)) expect(statSync(join(secrets, name)).mode & 0o077).toBe(0);
  const wrong = { ...env, AWS_SECRET_ACCESS_KEY: 'wrong' };
  const failure = await berthFails(['backup', 'repo', 'add', 'again', `${s3.location}2`], { env: wrong });
  expect(failure.code).toBe('backup-repository-failed');
  expect(JSON.stringify(failure)).not.toContain('wrong password');
  await berthOk(['backup', 'repo', 'rm', 'offsite']);
});

test('backup · cancel in the middle · nothing is left and the environment goes on', async () => {
  const before = await backups();
  const running = startBerth(['backup', 'create', NAME, '--quiet']);
  await expect
    .poll(
      async () => (await operations()).find(({ kind, state }) => kind === 'backup' && state === 'running'),
      { interval: 20 },
    )
    .toBeDefined();
  const operation = (await operations()).find(
    ({ kind, state }) => kind === 'backup' && state === 'running',
  ) as Operation;
  await berthOk(['operation', 'cancel', operation.id]);
  expect((await running.ended).code).not.toBe(0);
  expect(await backups()).toEqual(before);
  expect(leftovers()).toEqual([]);
  expect((await inspect(NAME)).state).toBe('running');
  expect(await get(`${urlOf(await inspect(NAME))}/`)).toBe('hello\n');
});

test('#6 c · the disk of the repository is full during a backup · it says so, nothing is left, and it works when there is room', async () => {
  const full = join(work(), 'full');
  mkdirSync(full, { recursive: true });
  await output(['mount', '-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', full]);
  try {
    await berthOk(['backup', 'repo', 'add', 'full', join(full, 'repository')]);
    const failure = await berthFails(['backup', 'create', NAME, '--to', 'full']);
    expect(failure).toMatchObject({ code: 'disk-full' });
    expect(failure.message).toContain(full);
    expect(await backups('--repo', 'full')).toEqual([]);
    expect(leftovers()).toEqual([]);
    expect(await get(`${urlOf(await inspect(NAME))}/`)).toBe('hello\n');
    await output(['mount', '-o', 'remount,size=512m', full]);
    await berthOk(['backup', 'create', NAME, '--to', 'full']);
    expect(await backups('--repo', 'full')).toHaveLength(1);
  } finally {
    await berth(['backup', 'repo', 'rm', 'full']);
    await output(['umount', full]);
  }
});

test('backup · remove and prune · what the rules do not keep is gone with its data', async () => {
  const all = await backups();
  expect(all.length).toBeGreaterThan(1);
  const size = bytesBelow(repository());
  const { removed } = await berthJson<{ removed: string[] }>([
    'backup',
    'prune',
    '--keep-last',
    '1',
    '--yes',
  ]);
  expect(removed).toEqual(all.slice(0, -1).map(({ id }) => id));
  const [last] = await backups();
  expect(last?.id).toBe(all.at(-1)?.id);
  expect(bytesBelow(repository())).toBeLessThan(size);
  await berthOk(['backup', 'rm', last?.id ?? '']);
  await berthOk(['backup', 'prune']);
  expect(await backups()).toEqual([]);
  // The image went with the last that stood on it.
  expect(bytesBelow(join(repository(), 'data'))).toBeLessThan(MIB);
});

test('backup · bad requests · each names what is wrong and the next command', async () => {
  expect((await berthFails(['backup', 'restore', 'nothing'])).code).toBe('not-found');
  expect((await berthFails(['backup', 'create', NAME, '--to', 'nowhere'])).remedy).toContain(
    'backup repo add',
  );
  const inside = await berthFails(['backup', 'repo', 'add', 'inside', join(sharedHome(), 'repository')]);
  expect(inside).toMatchObject({ code: 'bad-request' });
  const open = join(work(), 'open');
  writeFileSync(open, 'secret', { mode: 0o644 });
  expect(
    (await berthFails(['backup', 'repo', 'add', 'x', join(work(), 'x'), '--password-file', open])).remedy,
  ).toContain('chmod 600');
  expect((await berth(['backup', 'repo', 'add', 'twice', repository()])).code).not.toBe(0);
});
