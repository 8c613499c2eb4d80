import { createHash } from 'node:crypto';
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { packTar, type TarEntry } from 'modern-tar';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Environment, Template } from '../../src/model/index.ts';
import { unpackInto } from '../../src/files/index.ts';
import { debianMirror } from '../../src/host/index.ts';
import { callApi } from '../e2e/rig/api.ts';
import {
  berthJson,
  berthOk,
  fork,
  inMachine,
  inService,
  inspect,
  removeAllEnvironments,
  templates,
} from '../e2e/rig/berth.ts';
import { homeIdOf, ROOT, sharedHome } from '../e2e/rig/home.ts';
import { answers, get, urlOf } from '../e2e/rig/http.ts';
import { guestAddress } from '../e2e/rig/namespace.ts';
import { cgroupsOf } from '../e2e/rig/leftovers.ts';
import { prepareAlone } from '../e2e/rig/prepare.ts';
import { argvOf, openFiles, statusOf } from '../e2e/rig/processes.ts';
import { runProgram } from '../e2e/rig/program.ts';
import { tinyProject, workDirectory } from '../e2e/rig/tiny.ts';
import { World } from '../e2e/rig/world.ts';

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
  test('S1 S2 · a machine runs · as a user of its own, without any capability or group, behind a filter of system calls, without default devices', () => {
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

  test('S4 · a machine runs · in a control group with limits, with bounded descriptors and no core dumps', () => {
    for (const environment of both()) {
      const groups = readFileSync(`/proc/${pidOf(environment)}/cgroup`, 'utf8')
        .trim()
        .split('\n');
      const name = `/berth/${homeIdOf(sharedHome())}-${environment.id}`;
      expect(groups.filter((line) => line.endsWith(name))).not.toEqual([]);
      expect(groups.filter((line) => /:(memory|pids):/.test(line) && !line.endsWith(name))).toEqual([]);
      const limits = readFileSync(`/proc/${pidOf(environment)}/limits`, 'utf8');
      expect(limits).toMatch(/^Max open files\s+4096\s+4096\s/m);
      expect(limits).toMatch(/^Max core file size\s+0\s+0\s/m);
      const bounds = cgroupsOf(homeIdOf(sharedHome()))
        .filter((path) => path.endsWith(environment.id))
        .flatMap((path) =>
          ['pids.max', 'memory.max', 'memory.limit_in_bytes'].map((file) => join(path, file)),
        )
        .filter((path) => existsSync(path))
        .map((path) => Number(readFileSync(path, 'utf8')));
      expect(bounds.length).toBeGreaterThanOrEqual(2);
      for (const bound of bounds) expect(bound).toBeLessThan(4 * 1024 ** 3);
    }
  });

  test('S3 b · a machine runs · network, mounts, processes, IPC and host name are its own', () => {
    for (const kind of ['net', 'mnt', 'pid', 'ipc', 'uts']) {
      const all = ['self', ...both().map(pidOf)].map((pid) => readlinkSync(`/proc/${pid}/ns/${kind}`));
      expect([kind, new Set(all).size]).toEqual([kind, 3]);
    }
  });

  test('S6 b · a machine runs · no monitor, console or screen of it is on the network', () => {
    for (const environment of both()) {
      const argv = argvOf(pidOf(environment));
      expect(argv.filter((word) => /^(?:tcp|telnet|websocket|vnc|exec|pipe|stdio)/.test(word))).toEqual([]);
    }
  });

  test('S7 · a machine runs · what came from outside is JSON in its command line, and each block device names its format', () => {
    for (const environment of both()) {
      const argv = argvOf(pidOf(environment));
      const after = (option: string) => argv.filter((_word, index) => argv[index - 1] === option);
      const parsed = ['-device', '-blockdev', '-object', '-netdev'].flatMap(after);
      for (const word of parsed) expect(JSON.parse(word)).toBeTypeOf('object');
      const blocks = after('-blockdev').map((word) => JSON.parse(word) as { driver: string; file: object });
      expect(blocks.map(({ driver, file }) => [driver, file])).toEqual([
        ['qcow2', expect.objectContaining({ driver: 'file' })],
      ]);
      expect(after('-drive')).toEqual([]);
    }
  });

  test('S5 · a machine runs · nothing is open but its own files, what it shares read-only, and devices for its guest; nothing of the daemon', async () => {
    const daemon = (await berthJson<{ pid: number }>(['daemon', 'status'])).pid;
    const daemons = new Set(openFiles(daemon).map(({ target }) => target));
    for (const environment of both()) {
      const open = openFiles(pidOf(environment));
      // A socket or pipe that both have would have been handed down.
      const common = open.filter(({ target }) => /^(?:socket|pipe):/.test(target) && daemons.has(target));
      expect(common).toEqual([]);
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

  test('S6 · others connect to a machine’s monitor · only root gets in: no other user, no other machine', async () => {
    expect(statSync(directoryOf(parent)).mode & 0o777).toBe(0o700);
    expect(await connectAs(NOBODY, join(sharedHome(), 'run/api.sock'))).toBe(EACCES);
    expect(await connectAs(NOBODY, parent.dockerSocket)).toBe(EACCES);
    for (const name of ['qmp.sock', 'guest.sock', 'agent.sock']) {
      for (const uid of [NOBODY, uidOf(child)]) {
        const socket = join(directoryOf(parent), name);
        expect([name, uid, await connectAs(uid, socket)]).toEqual([name, uid, EACCES]);
      }
    }
  });

  test('S3 · one machine’s user reads another’s files · refused, disk and console alike', async () => {
    for (const name of readdirSync(directoryOf(parent)).filter((file) => !file.endsWith('.sock'))) {
      const reading = ['setpriv', `--reuid=${uidOf(child)}`, `--regid=${FIRST_UID}`, '--clear-groups', 'cat'];
      const { code } = await runProgram([...reading, join(directoryOf(parent), name)]);
      expect([name, code]).toEqual([name, 1]);
    }
  });
});

describe('what users give', () => {
  test('S7 b S8 · names with what means something to a shell, QEMU or a path · refused with the field, nothing begins', async () => {
    const before = (await berthJson<unknown[]>(['operation', 'ls'])).length;
    const names = [
      '-rf',
      '--help',
      'a,b=c',
      'a\nb',
      '..',
      '../x',
      '%n',
      'A',
      'é',
      '',
      ' ',
      'a'.repeat(41),
      '$(id)',
      'a;id',
    ];
    for (const name of names) {
      const { status, body } = await callApi('POST', '/forks', JSON.stringify({ source: 'confined', name }));
      expect([name, status, JSON.stringify(body)]).toEqual([name, 400, expect.stringContaining('name')]);
    }
    expect(await berthJson<unknown[]>(['operation', 'ls'])).toHaveLength(before);
  });

  test('S8 b · the source · starts no program through a shell', () => {
    const offending = sourceFiles(join(ROOT, 'src')).filter((path) =>
      /shell:\s*true|\bexecSync\(|from 'node:child_process'/.test(readFileSync(path, 'utf8')),
    );
    expect(offending.filter((path) => !path.startsWith(join(ROOT, 'src/host/')))).toEqual([
      join(ROOT, 'src/cli/docker/docker-program.ts'),
    ]);
    for (const path of offending)
      expect(readFileSync(path, 'utf8')).not.toMatch(/shell:\s*true|\bexecSync\(/);
  });

  test('S10 · archives that climb, link out, or carry devices · nothing outside of their directory is written', async () => {
    const directory = workDirectory('hostile');
    rmSync(directory, { recursive: true, force: true });
    const inside = join(directory, 'in');
    mkdirSync(inside, { recursive: true });
    writeFileSync(join(directory, 'outside'), 'mine');
    const hostile: readonly (readonly TarEntry[])[] = [
      [{ header: { name: '../outside', size: 5, type: 'file' }, body: 'stole' }],
      [{ header: { name: `${directory}/outside`, size: 5, type: 'file' }, body: 'stole' }],
      [
        { header: { name: 'link', size: 0, type: 'symlink', linkname: '..' } },
        { header: { name: 'link/outside', size: 5, type: 'file' }, body: 'stole' },
      ],
      [{ header: { name: 'hard', size: 0, type: 'link', linkname: '../outside' } }],
      [{ header: { name: 'sda', size: 0, type: 'block-device' } }],
    ];
    for (const entries of hostile) {
      const archive = await packTar([...entries]);
      await unpackInto(inside, Readable.from([archive])).catch((error: unknown) => error);
      expect(readFileSync(join(directory, 'outside'), 'utf8')).toBe('mine');
      expect(statSync(join(directory, 'outside')).nlink).toBe(1);
      expect(existsSync(join(inside, 'sda'))).toBe(false);
    }
  });
});

describe('what forks share', () => {
  test('S23 · forks write much · templates are read-only for everybody, none of their bytes changes', async () => {
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

  test('S12 · a guest asks another computer · it is reached', async () => {
    expect(await read([`${world.address} 80`])).toEqual(['world', 'world']);
  });

  test('S12 b · a guest asks the host’s services under each of its addresses · none answers', async () => {
    const link = await guestAddress(parent);
    const hostEnd = link.replace(/\d+$/, (last) => String(Number(last) - 1));
    const own = new Set([hostEnd, world.hostAddress, ...hostAddresses()]);
    for (const address of own)
      expect([address, await get(`http://${address}:${port}/`)]).toEqual([address, 'the host\n']);
    const tried = ['100.64.0.1', ...own].map((address) => `${address} ${port}`);
    expect(await read(tried)).toEqual([...tried, ...tried].map(() => ''));
  });

  test('S12 c · a guest asks another guest · it does not answer', async () => {
    const guestPort = child.ports[0]?.guestPort;
    const address = await guestAddress(child);
    expect(await get(`http://${address}:${guestPort}/`)).toBe('hello\n');
    expect(await read([`${address} ${guestPort}`])).toEqual(['', '']);
    expect(await get(`${urlOf(child)}/`)).toBe('hello\n');
  });

  test('S12 d · a guest asks for names and packages · it gets what the host gets', async ({ skip }) => {
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

function sourceFiles(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
}
