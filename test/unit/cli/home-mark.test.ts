import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ensureDaemon } from '../../../src/cli/transport/autostart.ts';
import { homePaths } from '../../../src/cli/transport/home.ts';
import { foreignFiles, isBerthHome, removeHome } from '../../../src/cli/transport/home-mark.ts';

let directory = '';

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'berth-home-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

test('BERTH_HOME moves data, sockets and log', () => {
  expect(homePaths({ BERTH_HOME: '/srv/x' })).toEqual({
    home: '/srv/x',
    run: '/srv/x/run',
    socket: '/srv/x/run/api.sock',
    log: '/srv/x/daemon.log',
  });
  expect(homePaths({})).toMatchObject({ home: '/var/lib/berth', socket: '/run/berth/api.sock' });
});

test('a directory that is not marked is never removed', async () => {
  const paths = homePaths({ BERTH_HOME: directory });
  await writeFile(join(directory, 'thesis.txt'), 'mine');
  await mkdir(paths.run);
  expect(await isBerthHome(paths)).toBe(false);
  await removeHome(paths);
  expect((await stat(join(directory, 'thesis.txt'))).isFile()).toBe(true);
  expect(await foreignFiles(paths)).toEqual(['thesis.txt']);
});

test('a marked directory is removed as a whole', async () => {
  const paths = homePaths({ BERTH_HOME: directory });
  await writeFile(join(directory, 'berth-home'), '');
  await mkdir(join(directory, 'environments', 'deep'), { recursive: true });
  expect(await foreignFiles(paths)).toEqual([]);
  await removeHome(paths);
  await expect(stat(directory)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('without --autostart nothing is written, and the error says how to start one', async () => {
  const paths = homePaths({ BERTH_HOME: join(directory, 'new') });
  await expect(ensureDaemon({ paths, autostart: false })).rejects.toMatchObject({
    code: 'daemon-not-running',
  });
  await expect(stat(paths.home)).rejects.toMatchObject({ code: 'ENOENT' });
});

test("no daemon is started in a directory with other people's files, and nothing is written there", async () => {
  const paths = homePaths({ BERTH_HOME: directory });
  await writeFile(join(directory, 'thesis.txt'), 'mine');
  const code = process.geteuid?.() === 0 ? 'home-unusable' : 'not-root';
  await expect(ensureDaemon({ paths, autostart: true })).rejects.toMatchObject({ code });
  await expect(stat(paths.log)).rejects.toMatchObject({ code: 'ENOENT' });
});
