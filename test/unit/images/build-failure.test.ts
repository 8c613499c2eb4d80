import { expect, test } from 'vitest';
import { berthError } from '../../../src/errors/index.ts';
import { buildFailure } from '../../../src/images/build-failure.ts';

const mirror = 'http://mirror.test/debian';

function judged(message: string): { code: string; message: string; remedy: string } {
  return buildFailure(berthError('command-failed', message), 'install packages', mirror);
}

test('an unreachable mirror is named, with what to do', () => {
  const failure = judged("mmdebstrap failed with exit code 100: E: Could not resolve 'mirror.test'");
  expect(failure.code).toBe('image-build-failed');
  expect(failure.message).toContain(mirror);
  expect(failure.remedy).toContain('BERTH_DEBIAN_MIRROR');
});

test('a full disk is a full disk, whichever tool met it', () => {
  expect(judged('cp: write error: No space left on device').code).toBe('disk-full');
  expect(judged('mkfs.ext4: Could not allocate block in ext2 filesystem').code).toBe('disk-full');
});

test('packages without a good signature are told apart', () => {
  expect(judged("The following signatures couldn't be verified: NO_PUBKEY 0E98").remedy).toContain(
    'debian-archive-keyring',
  );
});

test('another failure names its step', () => {
  const failure = judged('depmod failed with exit code 1');
  expect(failure.code).toBe('image-build-failed');
  expect(failure.message).toBe('install packages: depmod failed with exit code 1');
});

test('errors that know their code keep it', () => {
  const missing = berthError('tool-missing', 'mmdebstrap is not installed');
  expect(buildFailure(missing, 'install packages', mirror)).toBe(missing);
});
