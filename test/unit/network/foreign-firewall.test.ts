import { expect, test } from 'vitest';
import {
  type BaseChain,
  baseChains,
  iptablesRules,
  legacyChains,
  markedRules,
  nftRules,
  planOpenings,
} from '../../../src/network/foreign-firewall.ts';
import { homeNetwork } from '../../../src/network/home-network.ts';

const home = homeNetwork('abc123');
const chain = (more: Partial<BaseChain>): BaseChain => ({
  family: 'inet',
  table: 'mine',
  name: 'fwd',
  hook: 'forward',
  policy: 'drop',
  ...more,
});

test('reads base chains, and passes over what is none', () => {
  const json = JSON.stringify({
    nftables: [
      { metainfo: { version: '1.0.6' } },
      { chain: { family: 'ip', table: 'filter', name: 'DOCKER', handle: 5 } },
      { chain: { family: 'ip', table: 'filter', name: 'FORWARD', hook: 'forward', prio: 0, policy: 'drop' } },
    ],
  });
  expect(baseChains(json)).toEqual([
    { family: 'ip', table: 'filter', name: 'FORWARD', hook: 'forward', policy: 'drop' },
  ]);
});

test('reads the policies of the older iptables', () => {
  expect(
    legacyChains('-P INPUT ACCEPT\n-P FORWARD DROP\n-P OUTPUT ACCEPT\n-A FORWARD -j DOCKER-USER\n'),
  ).toEqual([
    { family: 'legacy', table: 'filter', name: 'INPUT', hook: 'input', policy: 'accept' },
    { family: 'legacy', table: 'filter', name: 'FORWARD', hook: 'forward', policy: 'drop' },
  ]);
});

test('a host without a firewall needs nothing', () => {
  expect(
    planOpenings([chain({ policy: 'accept' }), chain({ hook: 'output' }), chain({ family: 'ip6' })]),
  ).toEqual([]);
});

test('chains of iptables are opened by the iptables that made them', () => {
  expect(planOpenings([chain({ family: 'ip', table: 'filter', name: 'FORWARD' })])).toEqual([
    { kind: 'iptables', tool: 'iptables', chain: 'FORWARD' },
  ]);
  expect(planOpenings([chain({ family: 'legacy', table: 'filter', name: 'INPUT', hook: 'input' })])).toEqual([
    { kind: 'iptables', tool: 'iptables-legacy', chain: 'INPUT' },
  ]);
});

test('chains of nftables are opened by nft, also when they are called like those of iptables', () => {
  const forward = chain({ table: 'filter', name: 'forward' });
  const upper = chain({ table: 'filter', name: 'FORWARD' });
  expect(planOpenings([forward, upper])).toEqual([
    { kind: 'nft', chain: forward },
    { kind: 'nft', chain: upper },
  ]);
});

test('firewalld is opened once, although it has several chains', () => {
  const firewalld = chain({ table: 'firewalld', policy: 'accept' });
  expect(planOpenings([firewalld, { ...firewalld, name: 'filter_INPUT', hook: 'input' }])).toEqual([
    { kind: 'firewalld' },
  ]);
});

test('tables of Berth are not foreign', () => {
  expect(planOpenings([chain({ table: 'berth-def456' })])).toEqual([]);
});

test('openings carry the mark of the home, and let in no more than DNS, pulls of images, answers and what Berth has led to the loopback address', () => {
  const rules = iptablesRules(home, 'INPUT').map((rule) => rule.join(' '));
  expect(rules).toHaveLength(5);
  for (const rule of rules) expect(rule).toMatch(/^-i bv\+ .*--comment berth-abc123 -j ACCEPT$/);
  expect(rules[1]).toContain('-d 100.127.193.35/32 -p udp --dport 53');
  expect(rules[3]).toContain('-d 100.127.193.35/32 -p tcp --dport 64640');
  expect(rules[4]).toContain('-d 127.0.0.1/32 -m conntrack --ctstate DNAT');
  for (const rule of [...nftRules(home, 'input'), ...nftRules(home, 'forward')]) {
    expect(rule).toMatch(/^(iif|oif)group 1655423267 .*accept comment "berth-abc123"$/);
  }
});

test('finds its own rules again and no others', () => {
  const rule = { family: 'inet', table: 'filter', chain: 'forward', handle: 7 };
  const json = JSON.stringify({
    nftables: [
      { chain: { ...rule, name: 'forward' } },
      { rule: { ...rule, comment: 'berth-abc123', expr: [] } },
      { rule: { ...rule, handle: 8, comment: 'berth-def456', expr: [] } },
      { rule: { ...rule, handle: 9, expr: [] } },
    ],
  });
  expect(markedRules(json, home)).toEqual([rule]);
});
