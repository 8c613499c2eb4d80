import { DNS_ANSWER } from '../rig/dns-image.ts';
import { Resolver } from 'node:dns/promises';
import { expect } from 'vitest';
import { answers, get } from '../rig/http.ts';
import type { Proofs } from './proof.ts';
import { at, type Seen } from './seen.ts';

const HELLO = 'hello\n';

const serves = (port: number) => async (seen: Seen) =>
  expect(await get(`http://${seen.environment.address}:${port}/`)).toBe(HELLO);
const published = (seen: Seen, hostPort: number) =>
  seen.environment.ports.find((port) => port.hostPort === hostPort);
const resolves = (name: string) => (seen: Seen) =>
  expect(seen.fact('linked', `name:${name}`)).toContain('172.30.1.10');
const subnet = (seen: Seen, key: string) => at(seen.network('matrix_front', 'subnets'), ['0', key]);

/** Of ports, and of networks of services. */
export const networkProofs: Proofs = {
  'services.*.ports[] HOST:CONTAINER': serves(8081),
  'services.*.ports[] FROM-TO:FROM-TO': async (seen) => {
    await serves(8083)(seen);
    expect(published(seen, 8084)?.containerPort).toBe(81);
  },
  'services.*.ports[] CONTAINER': async (seen) => {
    const known = new Set([8081, 8082, 8083, 8084, 8085, 18_086, 5353, 7777]);
    const picked = seen.environment.ports.filter(({ hostPort }) => !known.has(hostPort));
    expect(picked).toHaveLength(1);
    await serves(picked[0]?.hostPort ?? 0)(seen);
  },
  'services.*.ports[] LOOPBACK:HOST:CONTAINER': serves(8082),
  'services.*.ports[] ADDRESS:HOST:CONTAINER': async (seen) => {
    expect(published(seen, 18_086)?.hostAddress).toBe(seen.isFork ? undefined : '127.0.0.2');
    if (!seen.isFork) expect(await get('http://127.0.0.2:18086/')).toBe(HELLO);
    expect(await answers(`http://${seen.environment.address}:18086/`)).toBe(false);
  },
  'services.*.ports[] /udp': async (seen) => {
    const resolver = new Resolver({ timeout: 10_000, tries: 2 });
    resolver.setServers([`${seen.environment.address}:5353`]);
    expect(await resolver.resolve4('berth.test')).toEqual([DNS_ANSWER]);
  },
  'services.*.ports[] as a map': serves(8085),
  'services.*.expose': (seen) =>
    expect(Object.keys(seen.inspect('quota', 'Config', 'ExposedPorts') ?? {})).toContain('9000/tcp'),
  'services.*.networks as a list': (seen) =>
    expect(Object.keys(seen.inspect('linked', 'NetworkSettings', 'Networks') ?? {})).toEqual([
      'matrix_front',
    ]),
  'services.*.networks.*.aliases': resolves('alias.test'),
  'services.*.networks.*.ipv4_address': resolves('quota'),
  'services.*.networks.*.driver_opts': (seen) => expect(seen.runs('quota')).toBe(true),
  'services.*.networks.*.priority': (seen) => expect(seen.runs('quota')).toBe(true),
  'services.*.network_mode host': async (seen) => {
    expect(seen.fact('machine', 'addresses')).toContain('100.64.0.2');
    expect(published(seen, 7777)).toMatchObject({ service: 'machine', containerPort: 7777 });
    expect(await get(`http://${seen.environment.address}:7777/`)).toBe(HELLO);
  },
  'services.*.network_mode none': (seen) => {
    expect(seen.fact('alone', 'links')).toContain('lo:');
    expect(seen.fact('alone', 'links')).not.toContain('eth0');
  },
  'services.*.network_mode bridge': (seen) =>
    expect(Object.keys(seen.inspect('bridged', 'NetworkSettings', 'Networks') ?? {})).toEqual(['podman']),
  'services.*.network_mode service:NAME': (seen) =>
    expect(seen.fact('shares', 'addresses')).toBe(seen.fact('quota', 'addresses')),
  'services.*.mac_address': (seen) => expect(seen.fact('outside', 'links')).toContain('02:42:0a:63:00:63'),
  'services.*.dns': (seen) => expect(seen.fact('caps', 'resolv')).toContain('nameserver 192.0.2.53'),
  'services.*.dns_opt': (seen) => expect(seen.fact('caps', 'resolv')).toContain('ndots:3'),
  'services.*.dns_search': (seen) => expect(seen.fact('caps', 'resolv')).toContain('search search.test'),
  'services.*.extra_hosts as a list': (seen) => {
    expect(seen.fact('caps', 'hosts')).toMatch(/192\.0\.2\.1\s+listed\.test/);
    expect(seen.fact('caps', 'hosts')).toMatch(/192\.0\.2\.2\s+other\.test/);
  },
  'services.*.extra_hosts as a map': (seen) =>
    expect(seen.fact('linked', 'hosts')).toMatch(/192\.0\.2\.3\s+mapped\.test/),
  'networks.*.driver bridge': (seen) => expect(seen.network('matrix_front', 'driver')).toBe('bridge'),
  'networks.*.driver_opts': (seen) => expect(seen.fact('linked', 'links')).toContain('mtu 1400'),
  'networks.*.internal': (seen) => {
    expect(seen.network('chosen-inner', 'internal')).toBe(true);
    expect(seen.fact('inside', 'routes')).not.toContain('default');
    expect(seen.fact('linked', 'routes')).toContain('default');
  },
  'networks.*.attachable': (seen) => expect(seen.network('matrix_front', 'driver')).toBe('bridge'),
  'networks.*.enable_ipv4': (seen) => expect(seen.fact('linked', 'addresses')).toContain('172.30.1.'),
  'networks.*.ipam.config[].subnet': (seen) => expect(subnet(seen, 'subnet')).toBe('172.30.1.0/24'),
  'networks.*.ipam.config[].gateway': (seen) =>
    expect(seen.fact('linked', 'routes')).toContain('172.30.1.254'),
  'networks.*.ipam.config[].ip_range': (seen) => {
    const last = /172\.30\.1\.(\d+)\//.exec(seen.fact('linked', 'addresses'))?.[1];
    expect(Number(last)).toBeGreaterThanOrEqual(128);
  },
  'networks.*.ipam.config[].aux_addresses': (seen) => expect(subnet(seen, 'subnet')).toBe('172.30.1.0/24'),
  'networks.*.labels': (seen) => expect(seen.network('matrix_front', 'labels', 'a.net')).toBe('one'),
  'networks.*.name': (seen) => expect(seen.network('chosen-inner', 'name')).toBe('chosen-inner'),
  'networks.*.external': (seen) =>
    expect(Object.keys(seen.inspect('outside', 'NetworkSettings', 'Networks') ?? {})).toEqual(['known-net']),
};
