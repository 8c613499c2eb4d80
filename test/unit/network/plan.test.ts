import { expect, test } from 'vitest';
import { homeNetwork } from '../../../src/network/home-network.ts';
import { hostSideBatch, namespaceBatch, namespaceRules } from '../../../src/network/namespace-plan.ts';
import {
  hostAddress,
  hostLink,
  hostLinkIndex,
  namespaceIndex,
  planSlot,
  SLOT_COUNT,
  tapOwner,
  uplinkAddress,
} from '../../../src/network/slot-plan.ts';

const home = homeNetwork('abc123');

test('names and numbers of a home come from its id alone', () => {
  expect(home).toEqual({
    homeId: 'abc123',
    namespacePrefix: 'berth-abc123-',
    table: 'berth-abc123',
    group: 0x62_ab_c1_23,
    dnsAddress: '100.127.193.35',
    dnsLabel: 'lo:berthabc123',
  });
  expect(home.dnsLabel.length).toBeLessThanOrEqual(15);
});

test('a DNS server never gets the first or the last address of its network', () => {
  expect(homeNetwork('ab0000').dnsAddress).toBe('100.127.0.1');
  expect(homeNetwork('abffff').dnsAddress).toBe('100.127.255.254');
});

test.for(['ABC123', 'abc12', 'abc1234', '../../', ''])('"%s" is no home id', (homeId) => {
  expect(() => homeNetwork(homeId)).toThrow('6 lower-case hex digits');
});

test('each index has four addresses of its own', () => {
  expect([hostAddress(0), uplinkAddress(0)]).toEqual(['100.96.0.1', '100.96.0.2']);
  expect([hostAddress(1), uplinkAddress(1)]).toEqual(['100.96.0.5', '100.96.0.6']);
  expect([hostAddress(64), uplinkAddress(64)]).toEqual(['100.96.1.1', '100.96.1.2']);
  expect([hostAddress(16_384), uplinkAddress(16_384)]).toEqual(['100.97.0.1', '100.97.0.2']);
});

test('slots end where the DNS servers begin', () => {
  expect(uplinkAddress(SLOT_COUNT - 1)).toBe('100.126.255.254');
  expect(() => uplinkAddress(SLOT_COUNT)).toThrow('numbered 0 to 507903');
  expect(() => uplinkAddress(-1)).toThrow('numbered');
  expect(() => uplinkAddress(1.5)).toThrow('numbered');
});

test('a slot names what the hypervisor and the host need', () => {
  expect(planSlot(home, 7)).toEqual({
    index: 7,
    namespace: 'berth-abc123-7',
    tap: 'tap0',
    mac: '52:54:00:62:74:68',
    guestReachableAt: '100.96.0.30',
  });
  expect(tapOwner(7)).toBe(210_007);
  expect(hostLink(SLOT_COUNT - 1).length).toBeLessThanOrEqual(15);
});

test('names lead back to the index, and foreign names do not', () => {
  expect(namespaceIndex(home, 'berth-abc123-7')).toBe(7);
  expect(namespaceIndex(home, 'berth-def456-7')).toBeUndefined();
  expect(namespaceIndex(home, 'berth-abc123-07')).toBeUndefined();
  expect(namespaceIndex(home, 'berth-abc123-7a')).toBeUndefined();
  expect(namespaceIndex(home, 'berth-abc123-999999')).toBeUndefined();
  expect(hostLinkIndex('bv7')).toBe(7);
  expect(hostLinkIndex('bvlan')).toBeUndefined();
  expect(hostLinkIndex('eth0')).toBeUndefined();
});

test('the host-side interface is in the group of its home from its first moment', () => {
  expect(hostSideBatch(home, planSlot(home, 7)).split('\n')).toEqual([
    'netns add berth-abc123-7',
    'link add bv7 mtu 1500 group 1655423267 type veth peer name up0 mtu 1500 netns berth-abc123-7',
    'link set bv7 alias berth-abc123',
    'addr add 100.96.0.29/30 dev bv7',
    'link set bv7 up',
    '',
  ]);
});

test('all that a guest can see is the same in every namespace', () => {
  const visible = (index: number) =>
    namespaceBatch(planSlot(home, index))
      .split('\n')
      .filter((line) => line.includes('tap0') && !line.startsWith('tuntap'));
  expect(visible(7)).toEqual(visible(8));
  expect(visible(7)).toContain('link set tap0 address 52:54:00:62:74:01 mtu 1500 up');
  expect(visible(7)).toContain('neigh add 100.64.0.2 lladdr 52:54:00:62:74:68 dev tap0 nud permanent');
  expect(namespaceBatch(planSlot(home, 7))).toContain('tuntap add dev tap0 mode tap user 210007\n');
});

test('every port of the address leads to the guest, DNS at the gateway to the server of the home', () => {
  const rules = namespaceRules(home, planSlot(home, 7));
  expect(rules).toContain('iifname "up0" ip daddr 100.96.0.30 dnat to 100.64.0.2\n');
  expect(rules).toContain(
    'iifname "tap0" ip daddr 100.64.0.1 meta l4proto { tcp, udp } dnat to 100.127.193.35\n',
  );
});
