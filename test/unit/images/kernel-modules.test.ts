import { expect, test } from 'vitest';
import { loadOrder, moduleName, parseModuleIndex } from '../../../src/images/kernel-modules.ts';

const index = parseModuleIndex(
  `kernel/net/llc/llc.ko.xz:
kernel/net/802/stp.ko.xz: kernel/net/llc/llc.ko.xz
kernel/net/bridge/bridge.ko.xz: kernel/net/802/stp.ko.xz kernel/net/llc/llc.ko.xz
kernel/fs/overlayfs/overlay.ko:
kernel/crypto/crc32c-intel.ko.xz:
`,
  'kernel/fs/ext4/ext4.ko\nkernel/drivers/char/virtio_console.ko\n',
);

test('what a module needs is loaded before it, once', () => {
  expect(loadOrder(index, ['overlay', 'bridge', 'stp'])).toEqual([
    'kernel/fs/overlayfs/overlay.ko',
    'kernel/net/llc/llc.ko.xz',
    'kernel/net/802/stp.ko.xz',
    'kernel/net/bridge/bridge.ko.xz',
  ]);
});

test('a module that is part of the kernel needs no loading', () => {
  expect(loadOrder(index, ['ext4', 'virtio_console'])).toEqual([]);
});

test('hyphens and underscores are the same in names', () => {
  expect(loadOrder(index, ['crc32c_intel'])).toEqual(['kernel/crypto/crc32c-intel.ko.xz']);
  expect(moduleName('kernel/crypto/crc32c-intel.ko.zst')).toBe('crc32c_intel');
});

test('a module that the kernel does not have is an error', () => {
  expect(() => loadOrder(index, ['floppy'])).toThrow('the kernel has no module floppy');
});
