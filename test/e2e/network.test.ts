import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NetworkSlot } from '../../src/network/index.ts';
import { PrivateHost } from './network/private-host.ts';

// A host of its own with an uplink to a "world" (a namespace that has a web server and the host's DNS resolver), and
// guests: namespaces that stand where a machine's network card would be.
const agent = fileURLToPath(new URL('./network/network-agent.ts', import.meta.url));
const probeFile = fileURLToPath(new URL('./network/probe.ts', import.meta.url));
const WORLD = '203.0.113.1';
const HOST = '203.0.113.2';

async function makeWorld(host: PrivateHost, directory: string): Promise<void> {
  const batch = [
    'netns add world',
    'link add eth0 type veth peer name eth0 netns world',
    `addr add ${HOST}/24 dev eth0`,
    'link set eth0 up',
    `route add default via ${WORLD}`,
  ];
  const inWorld = [
    'link set lo up',
    `addr add ${WORLD}/24 dev eth0`,
    'addr add 198.51.100.7/32 dev lo',
    'link set eth0 up',
  ];
  expect(await host.call('run', ['ip', '-batch', '-'], `${batch.join('\n')}\n`)).toBe('');
  expect(await host.call('run', ['ip', '-n', 'world', '-batch', '-'], `${inWorld.join('\n')}\n`)).toBe('');
  await writeFile(join(directory, 'hosts'), '127.0.0.1 localhost\n203.0.113.99 listed.test\n');
  await writeFile(join(directory, 'resolv.conf'), `nameserver ${WORLD}\n`);
  await host.call('run', ['mount', '--bind', join(directory, 'hosts'), '/etc/hosts']);
  await host.call('run', ['mount', '--bind', join(directory, 'resolv.conf'), '/etc/resolv.conf']);
  const dns = [
    'dnsmasq',
    '--conf-file=/dev/null',
    '--no-hosts',
    '--no-resolv',
    `--pid-file=${directory}/world.pid`,
  ];
  await host.call('run', ['ip', 'netns', 'exec', 'world', ...dns, '--address=/known.test/198.51.100.7']);
  await host.call('serve', ['ip', 'netns', 'exec', 'world', process.execPath, probeFile, 'serve', '80']);
  await host.call('serve', ['ip', 'netns', 'exec', 'world', process.execPath, probeFile, 'keep', '81']);
}

/** Connects a guest's card to a slot's gateway, in place of the tap. */
async function plug(host: PrivateHost, guest: string, slot: NetworkSlot): Promise<void> {
  const inSlot = [
    'link del tap0',
    `link add tap0 address 52:54:00:62:74:01 type veth peer name eth0 address ${slot.mac} netns ${guest}`,
    'addr add 100.64.0.1/30 dev tap0',
    'link set tap0 up',
  ];
  const inGuest = [
    'link set lo up',
    'addr add 100.64.0.2/30 dev eth0',
    'link set eth0 up',
    'route add default via 100.64.0.1',
  ];
  expect(await host.call('run', ['ip', '-n', slot.namespace, '-batch', '-'], `${inSlot.join('\n')}\n`)).toBe(
    '',
  );
  expect(await host.call('run', ['ip', '-n', guest, '-batch', '-'], `${inGuest.join('\n')}\n`)).toBe('');
}

/** Puts a namespace in the place of the machine: its card is connected to the slot's gateway instead of a tap. */
async function attachGuest(host: PrivateHost, slot: NetworkSlot): Promise<string> {
  const guest = `guest-${slot.index}`;
  expect(await host.call('run', ['ip', 'netns', 'add', guest])).toBe('');
  await plug(host, guest, slot);
  await host.call('serve', ['ip', 'netns', 'exec', guest, process.execPath, probeFile, 'serve', '8080']);
  return guest;
}

/** What the probe prints when it runs on the host, or in a guest. */
function probe(host: PrivateHost, where: string | undefined, ...args: string[]): Promise<string> {
  const inside = where === undefined ? [] : ['ip', 'netns', 'exec', where];
  return host.call('run', [...inside, process.execPath, probeFile, ...args]);
}

describe('two homes on one host', () => {
  let directory: string;
  let host: PrivateHost;
  const slots: NetworkSlot[] = [];
  const guests: string[] = [];
  let foreignSlot: NetworkSlot;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'berth-network-'));
    host = new PrivateHost(agent);
    await makeWorld(host, directory);
    await host.call('serve', [process.execPath, probeFile, 'serve', '22']);
    for (const home of ['abc123', 'def456']) {
      await host.call('create', home, join(directory, home), 0);
    }
    // The other one starts by itself with its first slot.
    await host.call('start', 'abc123');
    for (const home of ['abc123', 'abc123', 'def456']) slots.push(await host.call('acquire', home));
    foreignSlot = slots[2] as NetworkSlot;
    for (const slot of slots) guests.push(await attachGuest(host, slot));
  });
  afterAll(async () => {
    await host[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  const guest = (index: number) => guests[index] ?? '';
  /** From the first guest: TCP is told so at once, a datagram is not answered. */
  const expectUnreachable = async (targets: string[], port: string) => {
    const answers = await Promise.all(
      targets.flatMap((target) => [
        probe(host, guest(0), 'tcp', target, port),
        probe(host, guest(0), 'udp', target, port),
      ]),
    );
    expect(answers).toEqual(targets.flatMap(() => ['refused', 'timeout']));
  };
  const address = (index: number) => slots[index]?.guestReachableAt ?? '';

  test('the host reaches every port of a guest, TCP and UDP', async () => {
    for (const index of [0, 1, 2]) {
      expect(await probe(host, undefined, 'tcp', address(index), '8080')).toMatch(
        /^seen 100\.\d+\.\d+\.\d+$/,
      );
      expect(await probe(host, undefined, 'udp', address(index), '8080')).toMatch(/^seen 100\./);
    }
    expect(await probe(host, undefined, 'tcp', address(0), '8081')).toBe('refused');
  });

  test('a guest reaches what the host can reach, with the address of the host', async () => {
    expect(await probe(host, guest(0), 'tcp', WORLD, '80')).toBe(`seen ${HOST}`);
    expect(await probe(host, guest(2), 'udp', WORLD, '80')).toBe(`seen ${HOST}`);
  });

  test('names resolve as on the host: from its hosts file, and by its resolver', async () => {
    expect(await probe(host, guest(0), 'resolve', 'listed.test')).toBe('203.0.113.99');
    expect(await probe(host, guest(0), 'resolve', 'known.test')).toBe('198.51.100.7');
    expect(await probe(host, guest(2), 'resolve', 'known.test')).toBe('198.51.100.7');
  });

  test('a guest does not reach the services of the host under any of its addresses', async () => {
    expect(await probe(host, undefined, 'tcp', HOST, '22')).toMatch(/^seen /);
    const hostEnd = address(0).replace(/\d+$/, (last) => String(Number(last) - 1));
    await expectUnreachable([HOST, hostEnd, '100.127.193.35', '100.64.0.1'], '22');
  });

  test('a guest reaches those ports of the host that it may, and no others', async () => {
    const gateway = '100.64.0.1';
    const [slot, other] = slots as [NetworkSlot, NetworkSlot];
    for (const port of ['5432', '5433'])
      await host.call('serve', [process.execPath, probeFile, 'serve', port, '127.0.0.1']);
    await expectUnreachable([gateway], '5432');
    await host.call('allowHost', 'abc123', slot, [
      { protocol: 'tcp', port: 5432 },
      { protocol: 'udp', port: 5433 },
      { protocol: 'tcp', port: 22 },
    ]);
    // A service sees a client on the host itself, whether it listens on the loopback address only or on all.
    expect(await probe(host, guest(0), 'tcp', gateway, '5432')).toBe('seen 127.0.0.1');
    expect(await probe(host, guest(0), 'udp', gateway, '5433')).toBe('seen 127.0.0.1');
    expect(await probe(host, guest(0), 'tcp', gateway, '22')).toBe('seen 127.0.0.1');
    expect(await probe(host, guest(0), 'tcp', gateway, '5434')).toBe('refused');
    expect(await probe(host, guest(0), 'tcp', gateway, '5433')).toBe('refused');
    expect(await probe(host, guest(0), 'udp', gateway, '5432')).toBe('timeout');
    // Only at the gateway, and only for this guest.
    await expectUnreachable([HOST, other.guestReachableAt], '5432');
    expect(await probe(host, guest(1), 'tcp', gateway, '5432')).toBe('refused');
    expect(await probe(host, guest(0), 'resolve', 'known.test')).toBe('198.51.100.7');
    // What is open stays open when somebody has flushed the rules and they are loaded again.
    await host.call('run', ['nft', 'delete', 'table', 'inet', 'berth-abc123']);
    await host.call('start', 'abc123');
    expect(await probe(host, guest(0), 'tcp', gateway, '5432')).toBe('seen 127.0.0.1');
    await host.call('allowHost', 'abc123', slot, []);
    await expectUnreachable([gateway], '5432');
  });

  test('a guest reaches neither another guest of its home nor one of another home', async () => {
    await expectUnreachable([address(1), address(2)], '8080');
  });

  test('a guest does not reach the metadata service of a cloud', async () => {
    await host.call('run', ['ip', '-n', 'world', 'addr', 'add', '169.254.169.254/32', 'dev', 'lo']);
    expect(await probe(host, undefined, 'tcp', '169.254.169.254', '80')).toMatch(/^seen/);
    await expectUnreachable(['169.254.169.254'], '80');
  });

  test('nobody outside reaches a guest, even with a route to it', async () => {
    await host.call('run', ['ip', '-n', 'world', 'route', 'add', '100.96.0.0/11', 'via', HOST]);
    expect(await probe(host, 'world', 'tcp', address(0), '8080')).not.toMatch(/^seen/);
  });

  test('connections that a fork inherits are reset, instead of hanging', async () => {
    const [parent, fork] = [await host.call('acquire', 'abc123'), await host.call('acquire', 'abc123')];
    const machine = await attachGuest(host, parent);
    const held = probe(host, machine, 'hold', WORLD, '81');
    const connections = () =>
      host.call('run', ['ip', 'netns', 'exec', machine, 'ss', '-Htn', 'state', 'established']);
    await expect.poll(connections, { timeout: 5_000 }).toContain(`${WORLD}:81`);
    // The same guest, with its open connection, behind another gateway: what a fork wakes up with.
    await host.call('run', ['ip', '-n', machine, 'link', 'del', 'eth0']);
    await plug(host, machine, fork);
    expect(await held).toBe('ECONNRESET');
    expect(await probe(host, machine, 'tcp', WORLD, '80')).toBe(`seen ${HOST}`);
  });

  test('a slot that is released takes its address along, and its index is not used again', async () => {
    const slot = await host.call('acquire', 'def456');
    // A process that is still in it must not keep it.
    await host.call('serve', [
      'ip',
      'netns',
      'exec',
      slot.namespace,
      process.execPath,
      probeFile,
      'keep',
      '9',
    ]);
    await host.call('release', 'def456', slot);
    await host.call('release', 'def456', slot);
    expect(await host.call('run', ['ip', 'netns'])).not.toContain(slot.namespace);
    expect(await host.call('run', ['ip', 'link', 'show', `bv${slot.index}`])).toMatch(/^failed/);
    expect((await host.call('acquire', 'def456')).index).not.toBe(slot.index);
  });

  test('after a restart slots in use stay, all others of the home go, and the DNS server is adopted', async () => {
    const pidBefore = await host.call('run', ['cat', join(directory, 'def456/dns.pid')]);
    const abandoned = await host.call('acquire', 'def456');
    await host.call('create', 'def456', join(directory, 'def456'), 2);
    await host.call('start', 'def456');
    await host.call('adopt', 'def456', [foreignSlot]);
    expect((await host.call('status', 'def456')).inUse).toBe(1);
    await expect.poll(() => host.call('status', 'def456')).toEqual({ ready: 2, inUse: 1 });
    expect(await host.call('run', ['ip', 'netns'])).not.toContain(abandoned.namespace);
    expect(await probe(host, undefined, 'tcp', address(2), '8080')).toMatch(/^seen/);
    expect(await probe(host, undefined, 'tcp', address(0), '8080')).toMatch(/^seen/);
    expect(await host.call('run', ['cat', join(directory, 'def456/dns.pid')])).toBe(pidBefore);
  });

  test('a DNS server that dies is restarted, and the hosts file is followed', async () => {
    const pid = await host.call('run', ['cat', join(directory, 'abc123/dns.pid')]);
    await writeFile(join(directory, 'hosts'), '203.0.113.98 new.test\n');
    await host.call('run', ['kill', '-9', pid]);
    await expect
      .poll(() => probe(host, guest(0), 'resolve', 'new.test'), { timeout: 15_000 })
      .toBe('203.0.113.98');
    await expect
      .poll(() => probe(host, guest(2), 'resolve', 'new.test'), { timeout: 15_000 })
      .toBe('203.0.113.98');
  });

  test("names follow the host's resolver when it changes, and so do names without a dot", async () => {
    const start = (address: string, answer: string) =>
      host.call('run', [
        ...['ip', 'netns', 'exec', 'world', 'dnsmasq', '--conf-file=/dev/null', '--no-hosts', '--no-resolv'],
        ...[`--pid-file=${directory}/${address}.pid`, `--listen-address=${address}`, '--bind-interfaces'],
        ...[`--address=/vpn.test/${answer}`, `--address=/intranet/${answer}`],
      ]);
    await host.call('run', ['sh', '-c', `kill $(cat ${directory}/world.pid)`]);
    for (const address of ['198.51.100.21', '198.51.100.22'])
      await host.call('run', ['ip', '-n', 'world', 'addr', 'add', `${address}/32`, 'dev', 'lo']);
    expect(await start('198.51.100.21', '192.0.2.1')).toBe('');
    expect(await start('198.51.100.22', '192.0.2.2')).toBe('');
    for (const [server, answer] of [
      ['198.51.100.21', '192.0.2.1'],
      ['198.51.100.22', '192.0.2.2'],
      ['198.51.100.21', '192.0.2.1'],
    ] as const) {
      // In place and at once, as a VPN's script does it.
      await writeFile(join(directory, 'resolv.conf'), `nameserver ${server}\n`);
      for (const name of ['vpn.test', 'intranet'])
        await expect.poll(() => probe(host, guest(2), 'resolve', name), { timeout: 15_000 }).toBe(answer);
    }
    await writeFile(join(directory, 'resolv.conf'), `nameserver ${WORLD}\n`);
    const again = [
      'dnsmasq',
      '--conf-file=/dev/null',
      '--no-hosts',
      '--no-resolv',
      `--pid-file=${directory}/world.pid`,
    ];
    await host.call('run', ['sh', '-c', `kill $(cat ${directory}/198.51.100.2?.pid)`]);
    const known = '--address=/known.test/198.51.100.7';
    await expect.poll(() => host.call('run', ['ip', 'netns', 'exec', 'world', ...again, known])).toBe('');
    await expect
      .poll(() => probe(host, guest(2), 'resolve', 'known.test'), { timeout: 15_000 })
      .toBe('198.51.100.7');
  });

  test('purge of one home removes all of it and leaves the other home as it was', async () => {
    await host.call('purge', 'abc123');
    const [namespaces, links, tables, addresses, processes] = await Promise.all([
      host.call('run', ['ip', 'netns']),
      host.call('run', ['ip', '-br', 'link']),
      host.call('run', ['nft', 'list', 'tables']),
      host.call('run', ['ip', 'addr', 'show', 'dev', 'lo']),
      host.call('run', ['ps', '-e', '-o', 'stat,args']),
    ]);
    expect(namespaces).not.toContain('berth-abc123');
    expect(links).not.toMatch(new RegExp(`bv(${slots[0]?.index}|${slots[1]?.index})\\b`));
    expect(tables).toBe('table inet berth-def456');
    expect(addresses).not.toContain('abc123');
    expect(processes).not.toContain('abc123/dns.pid');
    expect(await probe(host, undefined, 'tcp', address(2), '8080')).toMatch(/^seen/);
    expect(await probe(host, guest(2), 'tcp', WORLD, '80')).toBe(`seen ${HOST}`);
    expect(await probe(host, guest(2), 'resolve', 'known.test')).toBe('198.51.100.7');
  });

  test('purge is idempotent; the last one leaves nothing, even when the pid file is lost', async () => {
    await rm(join(directory, 'def456/dns.pid'));
    await host.call('purge', 'abc123');
    await host.call('purge', 'def456');
    expect(await host.call('run', ['nft', 'list', 'tables'])).toBe('');
    expect(await host.call('run', ['ip', 'netns'])).not.toContain('berth-');
    expect(await host.call('run', ['ip', '-br', 'link'])).not.toContain('bv');
    expect(await host.call('run', ['ip', 'addr', 'show', 'dev', 'lo'])).not.toContain('berth');
    const processes = await host.call('run', ['ps', '-e', '-o', 'stat,args']);
    expect(processes).not.toContain('dns.pid');
  });
});

describe('a host whose own firewall drops what it does not know', () => {
  const closings: Record<string, string[][]> = {
    'iptables (nftables), as Docker and ufw leave it': [
      ['iptables', '-P', 'FORWARD', 'DROP'],
      ['iptables', '-P', 'INPUT', 'DROP'],
    ],
    'iptables-legacy': [
      ['iptables-legacy', '-P', 'FORWARD', 'DROP'],
      ['iptables-legacy', '-P', 'INPUT', 'DROP'],
    ],
    "the administrator's own nftables tables": [
      ['nft', 'add', 'table', 'inet', 'filter'],
      ['nft', 'add chain inet filter forward { type filter hook forward priority 0; policy drop; }'],
      ['nft', 'add chain inet filter input { type filter hook input priority 0; policy drop; }'],
    ],
  };

  test.for(Object.keys(closings))(
    '%s: guests get through, and purge closes it again',
    async (name, { skip }) => {
      const directory = await mkdtemp(join(tmpdir(), 'berth-network-'));
      await using host = new PrivateHost(agent);
      const state = () => host.call('run', ['sh', '-c', 'iptables-legacy -S; nft list ruleset']);
      try {
        await makeWorld(host, directory);
        for (const argv of closings[name] ?? []) {
          const output = await host.call('run', argv);
          if (/not installed|does not exist|not supported/i.test(output)) skip(output);
          expect(output).toBe('');
        }
        const before = await state();
        await host.call('create', 'abc123', directory, 0);
        await host.call('start', 'abc123');
        await host.call('start', 'abc123');
        const slot = await host.call('acquire', 'abc123');
        const guest = await attachGuest(host, slot);
        await host.call('serve', [process.execPath, probeFile, 'serve', '5432', '127.0.0.1']);
        await host.call('allowHost', 'abc123', slot, [{ protocol: 'tcp', port: 5432 }]);
        expect(await probe(host, guest, 'tcp', '100.64.0.1', '5432')).toBe('seen 127.0.0.1');
        expect(await probe(host, guest, 'tcp', WORLD, '80')).toBe(`seen ${HOST}`);
        expect(await probe(host, guest, 'resolve', 'listed.test')).toBe('203.0.113.99');
        expect(await probe(host, guest, 'tcp', HOST, '22')).not.toMatch(/^seen/);
        await host.call('purge', 'abc123');
        expect(await state()).toBe(before);
      } finally {
        await rm(directory, { recursive: true, force: true });
      }
    },
  );
});
