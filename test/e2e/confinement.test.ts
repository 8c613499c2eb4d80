import { createHash } from 'node:crypto';
import { createReadStream, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Environment, Template } from '../../src/model/index.ts';
import { debianMirror } from '../../src/host/index.ts';
import {
  berthOk,
  fork,
  inMachine,
  inService,
  inspect,
  removeAllEnvironments,
  templates,
} from './rig/berth.ts';
import { homeIdOf, sharedHome } from './rig/home.ts';
import { answers, get, urlOf } from './rig/http.ts';
import { guestAddress } from './rig/namespace.ts';
import { prepareAlone } from './rig/prepare.ts';
import { argvOf, statusOf } from './rig/processes.ts';
import { runProgram } from './rig/program.ts';
import { tinyProject } from './rig/tiny.ts';
import { World } from './rig/world.ts';

const FIRST_UID = 210_000;
const NOBODY = 65_534;
const SANDBOX = 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny';
const EACCES = 13;

let parent: Environment;
let child: Environment;
const both = () => [parent, child];
const pidOf = (environment: Environment): number => environment.pid ?? -1;
const uidOf = (environment: Environment): number =>
  Number(statusOf(pidOf(environment)).get('Uid')?.split('\t')[0]);
const directoryOf = (environment: Environment): string => join(sharedHome(), 'environments', environment.id);

beforeAll(async () => {
  await prepareAlone();
  await berthOk(['up', '-f', await tinyProject('confined'), '--name', 'confined']);
  await fork('confined', '--name', 'sibling');
  [parent, child] = [await inspect('confined'), await inspect('sibling')];
});
afterAll(() => removeAllEnvironments());

describe('the process of a machine', () => {
  test('runs as a user of its own, without any capability or group, behind a filter of system calls', () => {
    for (const environment of both()) {
      const status = statusOf(pidOf(environment));
      const uid = String(uidOf(environment));
      expect(Number(uid)).toBeGreaterThan(FIRST_UID);
      expect(Object.fromEntries(status)).toMatchObject({
        Uid: [uid, uid, uid, uid].join('\t'),
        Gid: Array.from({ length: 4 }, () => String(FIRST_UID)).join('\t'),
        Groups: '',
        ...{ CapInh: '0'.repeat(16), CapPrm: '0'.repeat(16), CapEff: '0'.repeat(16) },
        ...{ CapBnd: '0'.repeat(16), CapAmb: '0'.repeat(16) },
        NoNewPrivs: '1',
        Seccomp: '2',
      });
      const argv = argvOf(pidOf(environment));
      expect(argv[argv.indexOf('-sandbox') + 1]).toBe(SANDBOX);
      expect(argv).toEqual(expect.arrayContaining(['-nodefaults', '-no-user-config']));
    }
    expect(uidOf(parent)).not.toBe(uidOf(child));
  });

  test('is in a control group with limits and in a network namespace, both of its own', () => {
    const own = readlinkSync('/proc/self/ns/net');
    const namespaces = both().map((environment) => readlinkSync(`/proc/${pidOf(environment)}/ns/net`));
    expect(new Set([own, ...namespaces]).size).toBe(3);
    for (const environment of both()) {
      const groups = readFileSync(`/proc/${pidOf(environment)}/cgroup`, 'utf8')
        .trim()
        .split('\n');
      const name = `/berth/${homeIdOf(sharedHome())}-${environment.id}`;
      expect(groups.filter((line) => line.endsWith(name))).not.toEqual([]);
      expect(groups.filter((line) => /:(memory|pids):/.test(line) && !line.endsWith(name))).toEqual([]);
    }
  });

  test('has nothing open but its own files, what it shares read-only, and devices for its guest', () => {
    for (const environment of both()) {
      const open = openFiles(pidOf(environment));
      const foreign = open.filter(
        ({ target }) =>
          !/^(socket|pipe|anon_inode):|^\/dev\/(null|urandom|random|net\/tun|kvm|vhost-net)$|^\/memfd:/.test(
            target,
          ) &&
          !target.startsWith(`${directoryOf(environment)}/`) &&
          !target.startsWith(`${sharedHome()}/templates/`) &&
          !target.startsWith(`${sharedHome()}/images/`),
      );
      expect(foreign).toEqual([]);
      const shared = open.filter(({ target }) => /\/(templates|images)\//.test(target));
      expect(shared).not.toEqual([]);
      expect(shared.filter(({ writable }) => writable)).toEqual([]);
      const maps = readFileSync(`/proc/${pidOf(environment)}/maps`, 'utf8').split('\n');
      const mapped = maps.filter((line) => line.includes(`${sharedHome()}/templates/`));
      expect(mapped.filter((line) => line.split(' ')[1]?.endsWith('s'))).toEqual([]);
    }
  });

  test('answers on its monitor to nobody but root: not to other users, not to another machine', async () => {
    for (const name of ['qmp.sock', 'guest.sock', 'agent.sock']) {
      for (const uid of [NOBODY, uidOf(child)]) {
        const socket = join(directoryOf(parent), name);
        expect([name, uid, await connectAs(uid, socket)]).toEqual([name, uid, EACCES]);
      }
    }
  });

  test('cannot read the disk or the console of another machine', async () => {
    for (const name of readdirSync(directoryOf(parent)).filter((file) => !file.endsWith('.sock'))) {
      const reading = ['setpriv', `--reuid=${uidOf(child)}`, `--regid=${FIRST_UID}`, '--clear-groups', 'cat'];
      const { code } = await runProgram([...reading, join(directoryOf(parent), name)]);
      expect([name, code]).toEqual([name, 1]);
    }
  });
});

describe('what forks share', () => {
  test('templates are read-only for everybody, and writing in a fork changes none of their bytes', async () => {
    const used = (await templates()).filter(({ kind }) => kind !== 'environment');
    const before = await hashesOf(used);
    expect(before.size).toBeGreaterThan(2);
    for (const path of before.keys())
      expect([path, statSync(path).mode & 0o222]).toEqual([path, path.endsWith('overlay.qcow2') ? 0o200 : 0]);
    const write = 'dd if=/dev/urandom of=/data/noise bs=1M count=24 2>/dev/null; sync; wc -c </data/noise';
    for (const { name } of both())
      expect((await inService(name, 'web', write)).trim()).toBe(String(24 * 1024 ** 2));
    await inMachine(
      'sibling',
      'dd if=/dev/zero of=/dev/shm/noise bs=1M count=48 2>/dev/null; rm /dev/shm/noise',
    );
    expect(await hashesOf(used)).toEqual(before);
  });
});

describe('the network of a guest', () => {
  let world: World;
  let service: Server;
  let port: number;

  beforeAll(async () => {
    world = await World.make();
    world.serve();
    service = createServer((_request, response) => response.end('the host\n'));
    await new Promise<void>((resolve) => service.listen(0, '0.0.0.0', resolve));
    const bound = service.address();
    port = typeof bound === 'object' && bound !== null ? bound.port : 0;
    await vi.waitUntil(() => answers(`http://${world.address}/`), { timeout: 10_000 });
  });
  afterAll(async () => {
    service.close();
    await world[Symbol.asyncDispose]();
  });

  /** Last line of what a guest reads at each `address port`, from the machine itself and from a container. */
  async function read(targets: readonly string[]): Promise<string[]> {
    const words = targets.map((target) => `'${target}'`).join(' ');
    const ask = "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | busybox nc -w 4 $target 2>/dev/null";
    const script = `for target in ${words}; do answer=$(${ask}); echo "$answer" | busybox tail -n 1; done`;
    const told = [await inMachine('confined', script), await inService('confined', 'web', script)];
    return told.flatMap((text) => text.split('\n').slice(0, -1));
  }

  test('reaches what the host reaches', async () => {
    expect(await read([`${world.address} 80`])).toEqual(['world', 'world']);
  });

  test('reaches no service of the host, under whatever address of the host', async () => {
    const link = await guestAddress(parent);
    const hostEnd = link.replace(/\d+$/, (last) => String(Number(last) - 1));
    const own = new Set([hostEnd, world.hostAddress, ...hostAddresses()]);
    for (const address of own)
      expect([address, await get(`http://${address}:${port}/`)]).toEqual([address, 'the host\n']);
    const tried = ['100.64.0.1', ...own].map((address) => `${address} ${port}`);
    expect(await read(tried)).toEqual([...tried, ...tried].map(() => ''));
  });

  test('reaches no other guest', async () => {
    const guestPort = child.ports[0]?.guestPort;
    const address = await guestAddress(child);
    expect(await get(`http://${address}:${guestPort}/`)).toBe('hello\n');
    expect(await read([`${address} ${guestPort}`])).toEqual(['', '']);
    expect(await get(`${urlOf(child)}/`)).toBe('hello\n');
  });

  test('resolves names and reaches the mirror of packages that the host uses', async ({ skip }) => {
    const { uri } = await debianMirror(process.env);
    const { hostname } = new URL(uri);
    const release = `${uri}/dists/trixie/Release`;
    if (!(await answers(release, 10_000))) skip('the host itself does not reach its mirror without a proxy');
    expect(await inMachine('confined', `getent hosts ${hostname}`)).toContain(hostname);
    expect(await inService('confined', 'web', `nslookup ${hostname}`)).toMatch(/Address.*: \S+/);
    const fetched = await inMachine(
      'confined',
      `/usr/lib/apt/apt-helper download-file ${release} /tmp/Release >/dev/null && grep -m 1 ^Codename: /tmp/Release`,
    );
    expect(fetched).toBe('Codename: trixie\n');
  });
});

/** Errno of connecting to a unix socket as another user; 0 when it succeeds. */
async function connectAs(uid: number, socket: string): Promise<number> {
  const script = 'exit(IO::Socket::UNIX->new(Peer => shift) ? 0 : 0 + $!)';
  const drop = [
    'setpriv',
    `--reuid=${uid}`,
    `--regid=${uid === NOBODY ? NOBODY : FIRST_UID}`,
    '--clear-groups',
  ];
  return (await runProgram([...drop, 'perl', '-MIO::Socket::UNIX', '-e', script, socket])).code;
}

/** Addresses of the host that its neighbours know, without those on the way to guests: these come and go. */
function hostAddresses(): string[] {
  const others = Object.entries(networkInterfaces()).filter(([name]) => !name.startsWith('bv'));
  const addresses = others.flatMap(([, all]) => all ?? []);
  return addresses
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => address);
}

interface OpenFile {
  readonly target: string;
  readonly writable: boolean;
}

function openFiles(pid: number): OpenFile[] {
  return readdirSync(`/proc/${pid}/fd`).map((fd) => {
    const flags = /^flags:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8'))?.[1] ?? '3';
    return { target: readlinkSync(`/proc/${pid}/fd/${fd}`), writable: (Number.parseInt(flags, 8) & 3) !== 0 };
  });
}

async function hashesOf(used: readonly Template[]): Promise<Map<string, string>> {
  const hashes = new Map<string, string>();
  for (const { id } of used) {
    const directory = join(sharedHome(), 'templates', id);
    for (const name of readdirSync(directory).filter((file) => file !== 'manifest.json')) {
      const path = join(directory, name);
      hashes.set(path, await hashOf(path));
    }
  }
  return hashes;
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of createReadStream(path)) hash.update(part as Buffer);
  return hash.digest('hex');
}
