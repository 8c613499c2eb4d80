import { expect, test } from 'vitest';
import { makeDiskCommand } from '../../../src/images/root-disk.ts';
import { installCommand } from '../../../src/images/root-tree.ts';

test('packages are installed in namespaces of their own, from signed sources', () => {
  const command = installCommand({
    recipe: {
      name: 'tiny',
      suite: 'trixie',
      components: ['main', 'contrib'],
      packages: ['systemd', 'podman'],
      pathExcludes: ['/usr/share/doc/*'],
      diskMib: 512,
      initramfsModules: [],
      bootModules: [],
      kernelArguments: [],
      programs: [],
      wants: {},
      mask: [],
      maskGenerators: [],
    },
    tree: '/images/tree',
    sources: { lines: ['deb http://mirror.test/debian trixie main contrib'] },
    keyring: '/keys.gpg',
  });
  expect(command).toEqual([
    ...['setpriv', '--pdeathsig', 'KILL', '--'],
    ...['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'],
    ...['mmdebstrap', '--mode=root', '--format=directory', '--variant=essential'],
    '--components=main,contrib',
    '--include=systemd,podman',
    '--aptopt=Acquire::Retries "5"',
    '--dpkgopt=path-exclude=/usr/share/doc/*',
    '--skip=output/dev',
    'trixie',
    '/images/tree',
    'deb [signed-by=/keys.gpg] http://mirror.test/debian trixie main contrib',
  ]);
});

test('the disk is filled without mounting', () => {
  const command = makeDiskCommand('/images/tree', '/images/disk.raw', 768);
  expect(command.slice(-4)).toEqual(['-d', '/images/tree', '/images/disk.raw', '768M']);
  expect(command[0]).toBe('mkfs.ext4');
});
