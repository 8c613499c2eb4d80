import { expect, test } from 'vitest';
import { addressesCollide, normalizeAddress, parseSocketTable } from '../../../src/host/socket-table.ts';

const TCP = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 5001 1 0 100 0 0 10 0
   1: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 5002 1 0 100 0 0 10 0
   2: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 5003 1 0 100 0 0 10 0
`;
const TCP6 = `  sl  local_address                         remote_address                        st
   0: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 6001 1
   1: 00000000000000000000000000000000:01BB 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 6002 1
   2: 0000000000000000FFFF00000100007F:0051 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 6003 1
`;

test('keeps TCP sockets that listen', () => {
  expect(parseSocketTable(TCP, 'tcp')).toEqual([
    { address: '127.0.0.1', port: 8080, inode: '5001' },
    { address: '0.0.0.0', port: 22, inode: '5003' },
  ]);
});

test('reads IPv6 addresses, mapped ones as IPv4', () => {
  expect(parseSocketTable(TCP6, 'tcp').map(({ address, port }) => [address, port])).toEqual([
    ['::1', 80],
    ['::', 443],
    ['127.0.0.1', 81],
  ]);
});

test('spells an address in one way', () => {
  expect(normalizeAddress('0:0:0:0:0:0:0:1')).toBe('::1');
  expect(normalizeAddress('FE80::00a0')).toBe('fe80::a0');
  expect(normalizeAddress('::ffff:127.88.0.1')).toBe('127.88.0.1');
});

test('all addresses collide with each one', () => {
  expect(addressesCollide('0.0.0.0', '127.88.0.1')).toBe(true);
  expect(addressesCollide('127.88.0.1', '::')).toBe(true);
  expect(addressesCollide('127.88.0.1', '127.88.0.2')).toBe(false);
});
