import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BerthEvent, Environment, PublishedPort } from '../../src/model/index.ts';
import { callApi } from './rig/api.ts';
import {
  berthOk,
  fork,
  inMachine,
  inService,
  inspect,
  removeAllEnvironments,
  removeEnvironments,
} from './rig/berth.ts';
import { DNS_ANSWER, DNS_IMAGE, makeDnsImage } from './rig/dns-image.ts';
import { answers } from './rig/http.ts';
import { guestAddress } from './rig/namespace.ts';
import { prepareAlone } from './rig/prepare.ts';
import { TINY_IMAGE, TINY_WEB, tinyCompose, tinyProject } from './rig/tiny.ts';

/** On an idle host ports open within a second; here other machines may be at work. */
const SOON = { timeout: 30_000, interval: 100 };
const UDP_TIMEOUT_MS = 5_000;

let ports: Environment;
let file: string;
/** Services of the host on its loopback address. */
let open: LoopbackService;
let closed: LoopbackService;

interface LoopbackService {
  readonly server: Server;
  readonly port: number;
}

async function serveOnLoopback(): Promise<LoopbackService> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end('the host\n'));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

/** The project, whose containers may reach a port of the host. */
function write(port: number): void {
  const text = tinyCompose([TINY_WEB], `  host-access: [${port}]\n`);
  writeFileSync(file, text.replace('[tiny.tar]', '[tiny.tar, dns.tar]'));
}

beforeAll(async () => {
  await prepareAlone();
  file = await tinyProject('ports');
  await makeDnsImage(dirname(file));
  [open, closed] = [await serveOnLoopback(), await serveOnLoopback()];
  write(open.port);
  await berthOk(['up', '-f', file, '--name', 'ports']);
  ports = await inspect('ports');
});
afterAll(async () => {
  for (const service of [open, closed]) service?.server.close();
  await removeAllEnvironments();
});

/** `podman run` in the machine, as a user does it in `berth shell`. */
const run = (name: string, container: string, ...argv: string[]) =>
  inMachine(name, `podman run -d --name ${container} ${argv.join(' ')}`);
const end = (name: string, ...containers: string[]) =>
  inMachine(name, `podman rm -f -t 0 ${containers.join(' ')}`);
const web = (port: number, { address } = ports) => `http://${address}:${port}/`;
/** Over the API: a command for each look would be a load of its own. */
async function followed(name: string, container?: string): Promise<PublishedPort[]> {
  const { body } = await callApi('GET', `/environments/${name}`);
  return (body as Environment).ports.filter(
    (port) => port.container !== undefined && (container ?? port.container) === port.container,
  );
}

/** Resolves a name of the DNS server's over UDP. */
async function resolve({ address }: Environment, port: number): Promise<string[]> {
  const resolver = new Resolver({ timeout: UDP_TIMEOUT_MS, tries: 1 });
  resolver.setServers([`${address}:${port}`]);
  return resolver.resolve4('www.berth.test').catch((error: { code: string }) => [error.code]);
}

/** What a container gets at a port of the host; the static busybox cannot look names up, for which its wget crashes. */
const reach = (name: string, port: number) =>
  inService(
    name,
    'web',
    `while read at names; do case $names in *host.docker.internal*) break;; esac; done </etc/hosts
    echo hello | nc -w 5 $at ${port} 2>&1 || echo closed`,
  );

describe('ports follow containers', () => {
  test('a port opens with its container, is shown by its name, and goes with it', async () => {
    expect(await answers(web(9000))).toBe(false);
    await run('ports', 'side', '-p 9000:80', TINY_IMAGE);
    await expect.poll(() => answers(web(9000)), SOON).toBe(true);
    expect(await berthOk(['port', 'ports'])).toBe(
      `${ports.address}:8080 → web:80\n${ports.address}:9000 → side:80\n`,
    );
    expect(await berthOk(['port', 'ports', 'side', '80'])).toBe(`${ports.address}:9000\n`);
    expect(await followed('ports')).toMatchObject([{ container: 'side', hostPort: 9000, guestPort: 9000 }]);
    await end('ports', 'side');
    await expect.poll(() => followed('ports'), SOON).toEqual([]);
    expect(await answers(web(9000))).toBe(false);
    expect(await answers(web(8080))).toBe(true);
  });

  test('ranges, ports that the engine picks, and loopback addresses', async () => {
    await run('ports', 'many', '-p 9100-9119:80-99', '-p 80', '-p 127.0.0.1:9001:80', TINY_IMAGE);
    await expect.poll(async () => (await followed('ports')).length, SOON).toBe(22);
    const picked = (await followed('ports')).find(
      ({ hostPort, containerPort }) => containerPort === 80 && (hostPort < 9001 || hostPort > 9119),
    );
    for (const port of [9100, 9001, picked?.hostPort ?? 0])
      expect([port, await answers(web(port))]).toEqual([port, true]);
    expect(await answers(web(9110))).toBe(false);
    expect(await berthOk(['ls'])).toContain('9100-9119');
  });

  test('a port that somebody else on the host has is shown with its holder, and opens when it is free', async () => {
    const holder: Server = createServer().listen(9300, '0.0.0.0');
    await once(holder, 'listening');
    try {
      await run('ports', 'late', '-p 9300:80', TINY_IMAGE);
      await expect
        .poll(async () => (await followed('ports', 'late'))[0]?.problem, SOON)
        .toContain(`process ${process.pid} (`);
      expect(await berthOk(['port', 'ports'])).toContain('not open: ');
      const events = (await berthOk(['events', '--json']))
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as BerthEvent);
      expect(events.findLast(({ kind }) => kind === 'port.unavailable')?.message).toContain(
        'container "late"',
      );
    } finally {
      holder.close();
    }
    await expect.poll(() => answers(web(9300)), SOON).toBe(true);
    expect((await followed('ports', 'late'))[0]?.problem).toBeUndefined();
  });
});

describe('UDP', () => {
  let copy: Environment;

  test('a DNS server in a container answers the host, in a fork as well', async () => {
    await run('ports', 'names', '-p 53:53/udp', '-p 53:53/tcp', DNS_IMAGE);
    await expect.poll(() => resolve(ports, 53), SOON).toEqual([DNS_ANSWER]);
    const [made] = await fork('ports', '--name', 'ports-copy');
    copy = made as Environment;
    // It is in the fork from the start: nobody had to look.
    expect(copy.ports.filter(({ hostPort }) => hostPort === 53)).toMatchObject([
      { container: 'names', protocol: 'tcp', hostAddress: copy.address },
      { container: 'names', protocol: 'udp', hostAddress: copy.address },
    ]);
    expect(await resolve(copy, 53)).toEqual([DNS_ANSWER]);
    expect(await resolve(ports, 53)).toEqual([DNS_ANSWER]);
    expect(copy.hostAccess).toEqual([{ protocol: 'tcp', port: open.port }]);
    expect(await reach('ports-copy', open.port)).toBe('the host\n');
  });

  test('many clients at once get their own answers', async () => {
    const clients = await Promise.all(Array.from({ length: 50 }, (_, id) => query(ports, id)));
    expect(clients.map(({ id }) => id)).toEqual(Array.from({ length: 50 }, (_, id) => id));
  });

  test('what ends in a fork ends there only', async () => {
    await end('ports-copy', 'names');
    await expect.poll(() => followed('ports-copy', 'names'), SOON).toEqual([]);
    expect(await followed('ports-copy', 'late')).toHaveLength(1);
    expect(await resolve(ports, 53)).toEqual([DNS_ANSWER]);
    await removeEnvironments(['ports-copy']);
  });
});

/** One DNS query from a socket of its own; gives the id in the answer. */
async function query({ address }: Environment, id: number): Promise<{ id: number }> {
  const socket: UdpSocket = createSocket('udp4');
  try {
    const head = Buffer.from([id >> 8, id & 0xff, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    const name = Buffer.from('\u0005berth\u0004test\u0000\u0000\u0001\u0000\u0001', 'latin1');
    socket.send(Buffer.concat([head, name]), 53, address);
    const [answer] = (await once(socket, 'message', { signal: AbortSignal.timeout(UDP_TIMEOUT_MS) })) as [
      Buffer,
    ];
    return { id: answer.readUInt16BE(0) };
  } finally {
    socket.close();
  }
}

describe('ports of the host', () => {
  test('those that are listed are reached by name from containers and the machine, all others are closed', async () => {
    expect(await reach('ports', open.port)).toBe('the host\n');
    expect(await reach('ports', closed.port)).toContain('refused');
    const address = (await inMachine('ports', 'getent hosts host.containers.internal')).split(' ')[0] ?? '';
    expect(await inMachine('ports', `echo hello | busybox nc -w 5 ${address} ${open.port}`)).toBe(
      'the host\n',
    );
    expect((await inspect('ports')).hostAccess).toEqual([{ protocol: 'tcp', port: open.port }]);
  });

  test('up with another list applies it', async () => {
    write(closed.port);
    await berthOk(['up', '-f', file, '--name', 'ports']);
    expect(await reach('ports', closed.port)).toBe('the host\n');
    expect(await reach('ports', open.port)).toContain('refused');
  });
});

test('a new daemon opens the ports again, and notices what has changed meanwhile', async () => {
  await run('ports', 'stays', '-p 9400:80', TINY_IMAGE);
  // Ends with its first connection.
  await run('ports', 'goes', '-p 9401:80', TINY_IMAGE, 'nc -l -p 80');
  const containers = async () => new Set((await followed('ports')).map(({ container }) => container));
  await expect.poll(containers, SOON).toEqual(new Set(['many', 'late', 'names', 'stays', 'goes']));
  const machine = await guestAddress(await inspect('ports'));
  await berthOk(['daemon', 'stop']);
  expect(await answers(web(9400))).toBe(false);
  connect(9401, machine)
    .on('error', () => undefined)
    .end('bye');
  await berthOk(['ls']);
  await expect.poll(() => answers(web(9400)), SOON).toBe(true);
  await expect.poll(containers, SOON).toEqual(new Set(['many', 'late', 'names', 'stays']));
});
