import { expect, test } from 'vitest';
import {
  followedPorts,
  MAX_FOLLOWED_PORTS,
  mayOpen,
} from '../../../../src/environments/plan/followed-ports.ts';
import type { EngineBinding } from '../../../../src/guest/index.ts';

const ADDRESS = '127.88.7.1';

function binding(guestPort: number, more: Partial<EngineBinding> = {}): EngineBinding {
  return { hostAddress: '', guestPort, containerPort: 80, protocol: 'tcp', ...more };
}

function follow(ports: readonly EngineBinding[], planned: readonly string[] = []) {
  return followedPorts([{ name: 'db', ports }], new Set(planned), ADDRESS);
}

test('a published port is open under the same number on the address of the environment', () => {
  expect(follow([binding(9000), binding(53, { protocol: 'udp', containerPort: 5353 })])).toEqual({
    problems: [],
    ports: [
      {
        service: 'db',
        container: 'db',
        protocol: 'udp',
        hostAddress: ADDRESS,
        hostPort: 53,
        guestPort: 53,
        containerPort: 5353,
      },
      {
        service: 'db',
        container: 'db',
        protocol: 'tcp',
        hostAddress: ADDRESS,
        hostPort: 9000,
        guestPort: 9000,
        containerPort: 80,
      },
    ],
  });
});

test('a container of a service shows both', () => {
  const publisher = { name: 'shop-web-1', service: 'web', ports: [binding(9000)] };
  const [port] = followedPorts([publisher], new Set(), ADDRESS).ports;
  expect(port).toMatchObject({ service: 'web', container: 'shop-web-1' });
});

test.each(['', '0.0.0.0', '::', '::1', '127.0.0.1', '127.0.0.53', '100.64.0.2'])(
  'the address "%s" means the address of the environment',
  (hostAddress) => {
    const [port] = follow([binding(9000, { hostAddress })]).ports;
    expect(port).toMatchObject({ hostAddress: ADDRESS, hostPort: 9000 });
    expect(port?.problem).toBeUndefined();
  },
);

test.each(['192.0.2.7', '2001:db8::1', '2001:db8::2', '10.0.0.1'])(
  'a container cannot have a port at %s, whatever the host has',
  (hostAddress) => {
    const [port] = follow([binding(9000, { hostAddress })]).ports;
    expect(port?.problem).toContain(hostAddress);
    expect(port === undefined || mayOpen(port, ADDRESS)).toBe(false);
  },
);

test('what may be opened counts more than what may not', () => {
  const elsewhere = binding(9000, { hostAddress: '192.0.2.7' });
  for (const ports of [
    [elsewhere, binding(9000)],
    [binding(9000), elsewhere],
  ]) {
    expect(follow(ports).ports).toMatchObject([{ hostAddress: ADDRESS }]);
  }
});

test('IPv4 and IPv6 of one port are one port', () => {
  expect(
    follow([binding(80, { hostAddress: '0.0.0.0' }), binding(80, { hostAddress: '::' })]).ports,
  ).toHaveLength(1);
});

test("the Compose file's own ports and the machine's own are left alone", () => {
  expect(follow([binding(8080), binding(22), binding(22, { protocol: 'udp' })], ['8080/tcp']).ports).toEqual([
    expect.objectContaining({ hostPort: 22, protocol: 'udp' }),
  ]);
});

test('a protocol that is not carried is told', () => {
  const { ports, problems } = follow([binding(9000, { protocol: 'sctp' })]);
  expect(ports).toEqual([]);
  expect(problems).toEqual(['container "db": protocol sctp is not carried to the host']);
});

test('a guest that publishes everything does not fill the host', () => {
  const { ports, problems } = follow(Array.from({ length: 60_000 }, (_, index) => binding(index + 1)));
  expect(ports).toHaveLength(MAX_FOLLOWED_PORTS);
  expect(problems).toEqual(['containers publish 59999 ports; those from 2002 on are not opened on the host']);
});
