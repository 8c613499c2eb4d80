import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const guestd = resolve(import.meta.dirname, '../../../guest/debian-13/files/usr/lib/berth/guestd');
const seed = '5a'.repeat(64);
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'berth-guestd-'));
  for (const directory of ['etc/ssh', 'var/lib/systemd', 'var/lib/dbus', 'proc/sys/kernel'])
    mkdirSync(join(root, directory), { recursive: true });
  writeFileSync(join(root, 'proc/sys/kernel/hostname'), 'berth\n');
});
afterEach(() => rmSync(root, { recursive: true }));

/** Answers of guestd to requests, one line each; clock and random generator stay as they are. */
function ask(...requests: string[]): string[] {
  const output = execFileSync('perl', [guestd], {
    input: requests.map((request) => `${request}\n`).join(''),
    env: { ...process.env, GUESTD_REHEARSAL: root },
    encoding: 'utf8',
  });
  return output.trimEnd().split('\n');
}

function refusalOf(request: string): string {
  const [, verdict, message] = (ask(request)[0] ?? '').split(' ');
  expect(verdict).toBe('error');
  return Buffer.from(message ?? '', 'hex').toString();
}

function hex(text: string): string {
  return Buffer.from(text).toString('hex');
}

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

test('ping and ready are answered with their id', () => {
  expect(ask('7 ping', 'abc-9 ready')).toEqual(['7 ok', 'abc-9 ok']);
});

test('time is answered with the time before', () => {
  expect(ask('1 time 1795406068.000000001')[0]).toMatch(/^1 ok \d+\.\d{9}$/);
  expect(refusalOf('1 time')).toContain('one argument');
  expect(refusalOf('1 time 12')).toContain('nine digits');
});

test('identity changes name, machine-id and host keys', () => {
  writeFileSync(join(root, 'etc/hosts'), '127.0.0.1 localhost\n127.0.1.1 berth\n10.0.0.9 other\n');
  writeFileSync(join(root, 'etc/machine-id'), `${'0'.repeat(32)}\n`);
  writeFileSync(join(root, 'etc/ssh/ssh_host_rsa_key'), 'of the parent');
  writeFileSync(join(root, 'etc/ssh/ssh_host_ed25519_key'), 'of the parent, and longer than the new one');
  writeFileSync(join(root, 'var/lib/systemd/random-seed'), 'of the parent');
  const request = [
    'r1 identity',
    `hostname=${hex('shop-2')}`,
    `machine-id=${hex('ab'.repeat(16))}`,
    `seed=${seed}`,
    'time=1795406068.000000000',
    `key.ed25519=${hex('private\n')}`,
    `key.ed25519.pub=${hex('public\n')}`,
  ].join(' ');
  expect(ask(request)).toEqual(['r1 ok']);
  expect(read('proc/sys/kernel/hostname')).toBe('shop-2\n');
  expect(read('etc/hostname')).toBe('shop-2\n');
  expect(read('etc/hosts')).toBe('127.0.0.1 localhost\n10.0.0.9 other\n127.0.1.1 shop-2\n');
  expect(read('etc/machine-id')).toBe(`${'ab'.repeat(16)}\n`);
  expect(read('etc/ssh/ssh_host_ed25519_key')).toBe('private\n');
  expect(read('etc/ssh/ssh_host_ed25519_key.pub')).toBe('public\n');
  expect(statSync(join(root, 'etc/ssh/ssh_host_ed25519_key')).mode % 0o1000).toBe(0o600);
  expect(() => read('etc/ssh/ssh_host_rsa_key')).toThrow('ENOENT');
  expect(() => read('var/lib/systemd/random-seed')).toThrow('ENOENT');
});

test('a second identity replaces the first in place', () => {
  const identity = (name: string): string =>
    `1 identity hostname=${hex(name)} machine-id=${hex('c'.repeat(32))}`;
  expect(ask(identity('a-rather-long-name'), identity('b'))).toEqual(['1 ok', '1 ok']);
  expect(read('etc/hostname')).toBe('b\n');
  expect(read('etc/hosts')).toBe('127.0.0.1 localhost\n127.0.1.1 b\n');
});

test('the machine-id of D-Bus follows, unless it is a link', () => {
  writeFileSync(join(root, 'var/lib/dbus/machine-id'), 'old\n');
  ask(`1 identity machine-id=${hex('d'.repeat(32))}`);
  expect(read('var/lib/dbus/machine-id')).toBe(`${'d'.repeat(32)}\n`);
  rmSync(join(root, 'var/lib/dbus/machine-id'));
  symlinkSync('/nowhere', join(root, 'var/lib/dbus/machine-id'));
  expect(ask(`2 identity machine-id=${hex('e'.repeat(32))}`)).toEqual(['2 ok']);
});

test.each([
  ['a field that is not known', 'identity colour=00', 'unknown field colour'],
  ['a word without a value', 'identity hostname', 'not a key=value word'],
  ['half a byte', 'identity hostname=abc', 'hostname is not hex'],
  ['a host name with a slash', `identity hostname=${hex('a/b')}`, 'hostname is not a host name'],
  ['a short machine-id', `identity machine-id=${hex('abc')}`, 'machine-id is not 32 hex digits'],
  ['a short seed', 'identity seed=00', 'seed is not 32 bytes or more'],
  ['a key type that is a path', 'identity key.../x=00', 'not a key=value word'],
  ['a key type with other letters', 'identity key.a-b=00', 'unknown field key.a-b'],
  ['a verb that is not known', 'reboot', 'unknown verb'],
])('%s is refused', (_, request, message) => {
  expect(refusalOf(`1 ${request}`)).toBe(message);
});

test('a refused identity has changed nothing', () => {
  ask(`1 identity hostname=${hex('next')} seed=00`);
  expect(read('proc/sys/kernel/hostname')).toBe('berth\n');
  expect(() => read('etc/hostname')).toThrow('ENOENT');
});

test('a line over 64 KiB and a line without a verb are refused', () => {
  expect(ask(`1 identity seed=${'00'.repeat(40_000)}`)[0]).toMatch(/^- error /);
  expect(ask('1')[0]).toMatch(/^- error /);
});
