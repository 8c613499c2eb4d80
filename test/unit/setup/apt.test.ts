import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { berthError } from '../../../src/errors/index.ts';
import { sourceLines } from '../../../src/setup/packages/apt-configuration.ts';
import { aptFailure } from '../../../src/setup/packages/apt-failure.ts';
import { installPackages } from '../../../src/setup/packages/install-packages.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const DEBIAN_12 = { id: 'debian', version: '12', codename: 'bookworm', title: 'Debian 12' };
const DEBIAN_13 = { id: 'debian', version: '13', codename: 'trixie', title: 'Debian 13' };
const MIRROR = { uri: 'http://m.example/debian', keyring: '/keys/m.gpg', isOwn: false };

test('the host’s own Debian archives serve, with backports of the same mirror on Debian 12', () => {
  const sources = [
    {
      uri: 'http://m.example/debian',
      suites: ['bookworm', 'bookworm-updates'],
      components: ['main'],
      signedBy: '/keys/m.gpg',
    },
    {
      uri: 'http://s.example/debian-security',
      suites: ['bookworm-security'],
      components: ['main', 'contrib'],
    },
    { uri: 'http://other.example/', suites: ['nodistro'], components: ['main'], signedBy: '/keys/o.gpg' },
  ];
  expect(sourceLines(DEBIAN_12, sources, MIRROR)).toEqual([
    'deb [signed-by=/keys/m.gpg] http://m.example/debian bookworm main',
    'deb [signed-by=/keys/m.gpg] http://m.example/debian bookworm-updates main',
    'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://s.example/debian-security bookworm-security main',
    'deb [signed-by=/keys/m.gpg] http://m.example/debian bookworm-backports main',
  ]);
});

test('backports that the host has already are not listed twice; Debian 13 needs none', () => {
  const sources = [{ uri: 'http://m.example/debian', suites: ['bookworm-backports'], components: ['main'] }];
  expect(sourceLines(DEBIAN_12, sources, MIRROR)).toHaveLength(1);
  const plain = [
    { uri: 'http://m.example/debian', suites: ['trixie'], components: ['main'], signedBy: '/k' },
  ];
  expect(sourceLines(DEBIAN_13, plain, MIRROR)).toEqual([
    'deb [signed-by=/k] http://m.example/debian trixie main',
  ]);
});

test('a mirror of one’s own stands in for all', () => {
  const sources = [{ uri: 'http://m.example/debian', suites: ['bookworm'], components: ['main'] }];
  const lines = sourceLines(DEBIAN_12, sources, {
    uri: 'http://own.example/debian',
    keyring: '/k',
    isOwn: true,
  });
  expect(lines).toEqual([
    'deb [signed-by=/k] http://own.example/debian bookworm main',
    'deb [signed-by=/k] http://own.example/debian bookworm-updates main',
    'deb [signed-by=/k] http://own.example/debian bookworm-backports main',
  ]);
});

test.each([
  [
    'E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 7 (apt)',
    /another program is installing/,
  ],
  ['E: dpkg was interrupted, you must manually run', /interrupted/],
  ["W: Failed to fetch http://m/ Temporary failure resolving 'm'", /cannot be reached/],
  ['E: You don’t have\ndpkg: error: No space left on device', /disk space/],
  [
    'E: Failed to fetch http://m/InRelease  404  Not Found\nE: The repository is not signed.',
    /does not have what/,
  ],
  ['W: GPG error: NO_PUBKEY 6ED0E7B82643E131', /signature cannot be verified/],
])('says what "%s" means and what to do', (output, message) => {
  const failure = aptFailure(berthError('command-failed', 'apt-get failed with exit code 100'), output);
  expect(failure.code).toBe('host-setup-failed');
  expect(failure.message).toMatch(message);
  expect(failure.remedy).toContain('sudo ./berth host setup');
});

test('a cancelled installation stays cancelled, and without apt-get that is said', () => {
  expect(aptFailure(berthError('cancelled', 'enough'), '').code).toBe('cancelled');
  expect(aptFailure(berthError('tool-missing', 'apt-get is not installed'), '').message).toBe(
    'apt-get is not installed',
  );
});

/** Puts an `apt-get` first on the path that writes down how it was called. */
function imitateApt(script: string): { log: string; home: string } {
  const directory = temporaryDirectory();
  const log = join(directory, 'log');
  const text = `#!/bin/sh\necho "$DEBIAN_FRONTEND $*" >> ${log}\n${script}\n`;
  writeFileSync(join(directory, 'apt-get'), text, { mode: 0o755 });
  const before = process.env.PATH;
  process.env.PATH = `${directory}:${before ?? ''}`;
  onTestFinished(() => {
    process.env.PATH = before;
  });
  return { log, home: join(directory, 'home') };
}

const ENV = { BERTH_DEBIAN_MIRROR: 'http://own.example/debian' };

test('lists are fetched once, then each suite’s packages are installed by themselves, and nothing is left', async () => {
  const { log, home } = imitateApt('echo "Setting up things"');
  const lines: string[] = [];
  const packages = [
    { name: 'qemu-utils', why: 'x', suite: 'bookworm-backports' },
    { name: 'zstd', why: 'x' },
    { name: 'cpio', why: 'x' },
  ];
  await installPackages(packages, { home, env: ENV, onLine: (line) => lines.push(line) });
  const calls = readFileSync(log, 'utf8').trim().split('\n');
  expect(calls).toHaveLength(3);
  expect(calls.every((call) => call.startsWith('noninteractive -o '))).toBe(true);
  expect(calls[0]).toMatch(/ update$/);
  expect(calls[1]).toMatch(/ install --yes --no-install-recommends -- zstd cpio$/);
  expect(calls[2]).toMatch(/ install --yes --no-install-recommends -t bookworm-backports -- qemu-utils$/);
  expect(lines).toContain('Setting up things');
  expect(existsSync(join(home, 'apt'))).toBe(false);
});

test('a failing apt-get ends the installation with its words', async () => {
  const { log, home } = imitateApt('echo "E: dpkg was interrupted, do something" >&2; exit 100');
  const installing = installPackages([{ name: 'zstd', why: 'x' }], {
    home,
    env: ENV,
    onLine: () => undefined,
  });
  await expect(installing).rejects.toMatchObject({
    code: 'host-setup-failed',
    message: 'an earlier installation was interrupted: E: dpkg was interrupted, do something',
  });
  expect(readFileSync(log, 'utf8').trim().split('\n')).toHaveLength(1);
  expect(existsSync(join(home, 'apt'))).toBe(false);
});
