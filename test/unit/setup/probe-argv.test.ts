import { expect, test } from 'vitest';
import { asUser, probeArgv } from '../../../src/setup/accelerator/probe-argv.ts';

const COMMON = [
  ...['qemu', '-nodefaults', '-no-user-config', '-display', 'none', '-serial', 'stdio', '-no-reboot'],
  ...['-machine', 'q35,usb=off,vmport=off,graphics=off', '-m', '256M', '-smp', '1'],
];

test('a boot sector comes from a disk, and ends QEMU by a device', () => {
  expect(probeArgv('qemu', 'tcg', { kind: 'boot-sector', diskPath: '/a,b/disk' })).toEqual([
    ...COMMON,
    ...['-accel', 'tcg', '-cpu', 'max,la57=off', '-blockdev'],
    '{"driver":"raw","node-name":"probe","read-only":true,"file":{"driver":"file","filename":"/a,b/disk"}}',
    ...['-device', '{"driver":"virtio-blk-pci","drive":"probe","bootindex":0}'],
    ...['-device', '{"driver":"isa-debug-exit","iobase":244,"iosize":4}'],
  ]);
});

test('a kernel is booted with the CPU that machines get', () => {
  expect(probeArgv('qemu', 'kvm', { kind: 'kernel', kernelPath: '/k', initrdPath: '/i' })).toEqual([
    ...COMMON,
    ...['-accel', 'kvm', '-cpu', 'host', '-kernel', '/k', '-initrd', '/i'],
    ...['-append', 'console=ttyS0 quiet panic=-1'],
  ]);
});

test('a probe has the rights of a machine and no more', () => {
  const rest = ['--no-new-privs', '--bounding-set=-all', '--inh-caps=-all', '--', 'qemu'];
  const user = { uid: 1, gid: 2 };
  expect(asUser(user, ['qemu'])).toEqual(['setpriv', '--reuid=1', '--regid=2', '--clear-groups', ...rest]);
  expect(asUser({ ...user, kvmGid: 3 }, ['qemu'])).toEqual([
    'setpriv',
    '--reuid=1',
    '--regid=2',
    '--groups=3',
    ...rest,
  ]);
});
