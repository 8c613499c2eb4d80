import { expect, test } from 'vitest';
import { bytesIn } from '../../../src/hypervisor/qemu/disk-tool.ts';

test('bytes are read out of what qemu-io prints', () => {
  const text = `00000400:  00 01 02 53 ef 00 00 00 ff 10 11 12 13 14 15 16  ...S............
00000410:  aa bb  ..
read 18/18 bytes at offset 1024
18 bytes, 1 ops; 00.00 sec (1.1 MiB/sec and 100.0000 ops/sec)
`;
  expect(bytesIn(text)).toEqual([
    ...[0, 1, 2, 0x53, 0xef, 0, 0, 0, 0xff, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16],
    ...[0xaa, 0xbb],
  ]);
});
