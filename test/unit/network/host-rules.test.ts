import { expect, test } from 'vitest';
import { homeNetwork } from '../../../src/network/home-network.ts';
import { hostAccessChange, hostRules } from '../../../src/network/host-rules.ts';

const rules = hostRules(homeNetwork('abc123'));

/** The rules of one chain. */
function chain(name: string): string[] {
  const body = rules.split(`chain ${name} {\n`)[1]?.split('}\n  chain')[0] ?? '';
  return body
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && line !== '}');
}

test('the table is replaced as a whole', () => {
  expect(rules.split('\n').slice(0, 3)).toEqual([
    'table inet berth-abc123',
    'delete table inet berth-abc123',
    'table inet berth-abc123 {',
  ]);
});

test('base chains concern the interfaces of this home only', () => {
  for (const name of ['prerouting', 'input-source', 'input', 'forward', 'postrouting']) {
    const [hook = '', ...others] = chain(name);
    expect(hook).toMatch(/^type (filter|nat) hook .* policy accept;$/);
    for (const rule of others) expect(rule).toMatch(/^(iifgroup|oifgroup) 1655423267 /);
  }
});

test('a guest gets nothing from the host but answers, DNS and images', () => {
  expect(chain('guest-to-host')).toEqual([
    'ct state established,related accept',
    'ip daddr 100.127.193.35 meta l4proto { tcp, udp } th dport 53 accept',
    'ip daddr 100.127.193.35 tcp dport 64640 accept',
    'ip daddr 127.0.0.1 ct status dnat iifname . meta l4proto . th dport @host-access accept',
    'goto refuse',
  ]);
});

test('guests of all homes and metadata services come before anything is accepted', () => {
  const [others, metadata] = chain('from-guest');
  expect(others).toBe('oifname "bv*" goto refuse');
  expect(metadata).toBe('ip daddr { 127.0.0.0/8, 169.254.0.0/16, 100.100.100.200 } goto refuse');
});

test('only answers are forwarded to a guest', () => {
  expect(chain('to-guest')).toEqual(['ct state established,related accept', 'goto refuse']);
});

test('ports of the host are open to one interface, and changed in one transaction', () => {
  const home = homeNetwork('abc123');
  const before = { link: 'bv7', ports: [{ protocol: 'tcp' as const, port: 5432 }] };
  const after = { link: 'bv7', ports: [{ protocol: 'udp' as const, port: 9000 }] };
  expect(hostRules(home, [before])).toContain('elements = { "bv7" . tcp . 5432 }');
  expect(rules).not.toContain('elements');
  expect(hostAccessChange(home, before, after)).toBe(
    'delete element inet berth-abc123 host-access { "bv7" . tcp . 5432 }\n' +
      'add element inet berth-abc123 host-access { "bv7" . udp . 9000 }\n',
  );
  expect(hostAccessChange(home, { link: 'bv7', ports: [] }, before)).not.toContain('delete');
});
