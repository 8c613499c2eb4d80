import { expect, test } from 'vitest';
import { completeLock, type LockFile, lockProblems } from '../../../tools/lock.ts';

function lockWith(packages: LockFile['packages']): LockFile {
  return { packages: { ...packages } };
}

const formatter = {
  version: '2.0.0',
  dev: true,
  optionalDependencies: {
    '@f/cli-linux-x64': '2.0.0',
    '@f/cli-linux-x64-musl': '2.0.0',
    '@f/cli-darwin-arm64': '2.0.0',
  },
};

test('packages for other platforms without an entry are found and added', () => {
  const lock = lockWith({
    'node_modules/f': formatter,
    'node_modules/@f/cli-linux-x64': { version: '2.0.0' },
  });
  expect(lockProblems(lock)).toEqual([
    expect.stringContaining('@f/cli-linux-x64-musl, wanted by node_modules/f,'),
    expect.stringContaining('@f/cli-darwin-arm64, wanted by node_modules/f,'),
  ]);
  completeLock(lock);
  expect(lockProblems(lock)).toEqual([]);
  expect(lock.packages).toMatchObject({
    'node_modules/@f/cli-linux-x64-musl': {
      version: '2.0.0',
      os: ['linux'],
      cpu: ['x64'],
      libc: ['musl'],
      dev: true,
    },
    'node_modules/@f/cli-darwin-arm64': { version: '2.0.0', os: ['darwin'], cpu: ['arm64'], optional: true },
  });
});

test('an entry without a version does not count', () => {
  const lock = lockWith({ 'node_modules/f': formatter, 'node_modules/@f/cli-linux-x64': { optional: true } });
  expect(lockProblems(lock)).toHaveLength(3);
});

test('a name that says no platform is not guessed at', () => {
  const lock = lockWith({ 'node_modules/f': { version: '1.0.0', optionalDependencies: { fast: '1.0.0' } } });
  expect(() => completeLock(lock)).toThrow('fast does not say for which platform');
});

test('an entry that names its registry is found', () => {
  const lock = lockWith({
    'node_modules/f': { version: '1.0.0', resolved: 'https://registry.example/f.tgz' },
  });
  expect(lockProblems(lock)).toEqual([expect.stringContaining('node_modules/f names a registry')]);
});
