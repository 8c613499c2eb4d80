import { expect, test } from 'vitest';
import { isWithin, reservedGuestPath, reservedWithin } from '../../../src/model/index.ts';

test.each([
  ['/', '/'],
  ['/etc', '/etc'],
  ['/etc/nginx/conf.d', '/etc'],
  ['/usr/local/src/app', '/usr'],
  ['/var', '/var'],
  ['/var/lib', '/var/lib'],
  ['/var/lib/containers/storage', '/var/lib/containers'],
  ['/root/.ssh/config', '/root/.ssh'],
])("%s belongs to the machine's own system", (path, owner) => {
  expect(reservedGuestPath(path)).toBe(owner);
});

test.each([
  '/root',
  '/root/.sshx',
  '/home/a/shop',
  '/srv',
  '/opt/shop',
  '/tmp/x',
  '/var/www',
  '/var/lib/jenkins/shop',
  '/etcetera',
])('%s is free', (path) => {
  expect(reservedGuestPath(path)).toBeUndefined();
});

test('what is reserved below a free directory is known', () => {
  expect(reservedWithin('/root')).toEqual(['/root/.ssh']);
  expect(reservedWithin('/srv')).toEqual([]);
});

test('a path is within a directory by whole names', () => {
  expect(isWithin('/a/b', '/a')).toBe(true);
  expect(isWithin('/a', '/a')).toBe(true);
  expect(isWithin('/ab', '/a')).toBe(false);
  expect(isWithin('/ab', '/')).toBe(true);
});
