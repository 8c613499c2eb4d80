import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DnsServer, dnsArguments } from '../../../src/network/dns-server.ts';
import { homeNetwork } from '../../../src/network/home-network.ts';

const home = homeNetwork('abc123');

test('the server listens at its own address only and reads no configuration of the host', () => {
  const argv = dnsArguments(home, '/run/berth/dns.pid');
  expect(argv[0]).toBe('dnsmasq');
  expect(argv).toContain('--conf-file=/dev/null');
  expect(argv).toContain('--pid-file=/run/berth/dns.pid');
  expect(argv.filter((argument) => /listen|interface/.test(argument))).toEqual([
    '--listen-address=100.127.193.35',
    '--bind-interfaces',
  ]);
});

test('a process that merely has the pid is not taken for the server', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'berth-dns-'));
  try {
    const dns = new DnsServer(home, directory);
    expect(await dns.process()).toBeUndefined();
    for (const content of [String(process.pid), '999999999', 'nonsense', '']) {
      await writeFile(join(directory, 'dns.pid'), content);
      expect(await dns.process()).toBeUndefined();
    }
  } finally {
    await rm(directory, { recursive: true });
  }
});
