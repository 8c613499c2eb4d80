import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Environment } from '../../src/model/index.ts';
import { berthOk, fork, inspect, removeAllEnvironments } from '../e2e/rig/berth.ts';
import { sharedHome } from '../e2e/rig/home.ts';
import { prepareAlone } from '../e2e/rig/prepare.ts';
import { ancestorsOf, argvOf, isRunning, openFiles, statusOf } from '../e2e/rig/processes.ts';
import { tinyProject } from '../e2e/rig/tiny.ts';
import { connectMonitor, refusalIn } from './rig/monitor.ts';

let parent: Environment;
let child: Environment;
const both = () => [parent, child];
const pidOf = (environment: Environment): number => environment.pid ?? -1;
const directoryOf = (environment: Environment): string => join(sharedHome(), 'environments', environment.id);

beforeAll(async () => {
  await prepareAlone();
  await berthOk(['up', '-f', await tinyProject('confined'), '--name', 'confined']);
  await fork('confined', '--name', 'sibling');
  [parent, child] = [await inspect('confined'), await inspect('sibling')];
});
afterAll(() => removeAllEnvironments());

describe('the process of a machine', () => {
  test('S3 c · a machine looks at its root directory · its own disk, what that stands on, QEMU’s program and three devices are there, all but its own read-only', () => {
    for (const environment of both()) {
      const own = directoryOf(environment);
      const chain = argvOf(pidOf(environment)).find((word) => word.includes('"memory-backend-file"'));
      const template = /\/templates\/(tpl-[0-9a-f]+)\/state/.exec(chain ?? '')?.[1];
      const image = environment.image ?? '';
      const seen = filesWithin(`/proc/${pidOf(environment)}/root`, PROGRAM_FILES);
      const outside = seen.filter((path) => !path.startsWith(`${sharedHome()}/`));
      expect(
        outside.filter((path) => !/^\/(?:usr\/)?bin\/(?:qemu-system-x86_64|setpriv)$/.test(path)),
      ).toEqual([...['/dev/net/tun', '/dev/null', '/dev/urandom', '/etc/ld.so.cache']]);
      const inside = seen.filter((path) => !path.startsWith(`${own}/`) && !outside.includes(path));
      const allowed = inside.filter((path) =>
        /^\/(?:images|templates)\//.test(path.slice(sharedHome().length)),
      );
      expect(inside).toEqual(allowed);
      const directories = new Set(allowed.map((path) => dirname(path)));
      expect([...directories].sort()).toEqual(
        [join(sharedHome(), 'images', image), ...layersOf(environment, template)].sort(),
      );
      const mounts = readFileSync(`/proc/${pidOf(environment)}/mountinfo`, 'utf8')
        .trim()
        .split('\n');
      const writable = mounts.map((line) => line.split(' ')).filter((fields) => fields[5]?.startsWith('rw'));
      expect(writable.map((fields) => fields[4])).toEqual(['/dev/null', '/dev/urandom', '/dev/net/tun', own]);
    }
  });

  test('S3 d · a machine’s root directory is searched for others · the other’s disk, the store, keys, logs, /etc/shadow, /proc and /run are not there', () => {
    for (const [one, other] of [both(), both().toReversed()] as const) {
      const root = `/proc/${pidOf(one as Environment)}/root`;
      const foreign = [
        directoryOf(other as Environment),
        join(sharedHome(), 'berth.db'),
        join(sharedHome(), 'keys'),
      ];
      for (const path of [
        ...foreign,
        '/etc/shadow',
        '/etc/passwd',
        '/proc/1',
        '/run',
        '/root',
        '/usr/bin/sh',
      ]) {
        expect([path, existsSync(path) || path === '/run']).toEqual([path, true]);
        expect([path, existsSync(`${root}${path}`)]).toEqual([path, false]);
      }
    }
  });

  test('S1 b · a machine runs · what waits for its end has no capability either', () => {
    for (const environment of both()) {
      const waiting = ancestorsOf(pidOf(environment), 2);
      expect(waiting.map((pid) => argvOf(pid)[0])).toEqual(['bwrap', 'bwrap']);
      for (const pid of waiting)
        expect(Object.fromEntries(statusOf(pid))).toMatchObject({ CapEff: '0'.repeat(16), NoNewPrivs: '1' });
    }
  });

  test('S4 b · a machine runs · no file of it can become much larger than its disk; the bound grows with the disk while it runs', async () => {
    const limitOf = () =>
      Number(/^Max file size\s+(\d+)\s/m.exec(readFileSync(`/proc/${pidOf(child)}/limits`, 'utf8'))?.[1]);
    const before = child.shape.diskGib;
    expect(limitOf()).toBeGreaterThan(before * 1024 ** 3);
    expect(limitOf()).toBeLessThan((before + 1) * 1024 ** 3);
    await berthOk(['resize', 'sibling', '--disk', `${before + 4}GiB`]);
    expect(limitOf()).toBeGreaterThan((before + 4) * 1024 ** 3);
    expect(limitOf()).toBeLessThan((before + 5) * 1024 ** 3);
  });
});

/** Last of all: it may end a machine. */
describe('a process that was taken over', () => {
  const monitorOf = (environment: Environment) => connectMonitor(join(directoryOf(environment), 'qmp.sock'));
  beforeAll(() => berthOk(['daemon', 'stop']));

  test('S3 e · it opens the other’s disk, the store, keys and /etc/shadow · there are no such files; a template cannot be written', async () => {
    using monitor = await monitorOf(child);
    const paths = ['/etc/shadow', '/proc/1/environ', join(sharedHome(), 'berth.db')];
    const others = readdirSync(directoryOf(parent)).map((name) => join(directoryOf(parent), name));
    for (const path of [...paths, join(sharedHome(), 'keys/id_ed25519'), ...others]) {
      expect([path, existsSync(path)]).toEqual([path, true]);
      const answer = await monitor.ask('blockdev-add', fileNode('stolen', path, { 'read-only': true }));
      expect([path, refusalIn(answer)]).toEqual([path, expect.stringContaining('No such file or directory')]);
    }
    const layer = openFiles(pidOf(child)).find(({ target }) => target.endsWith('/disk.qcow2'))?.target ?? '';
    expect(layer).toContain('/templates/');
    const written = await monitor.ask('blockdev-add', fileNode('changed', layer, { 'read-only': false }));
    expect(refusalIn(written)).toMatch(/Read-only file system|Permission denied/);
    const read = await monitor.ask('blockdev-add', fileNode('read', layer, { 'read-only': true }));
    expect(read).toEqual({ return: {} });
  });

  test('S4 c · it opens thousands of files · refused beyond 4096, and the machine goes on', async () => {
    using monitor = await monitorOf(child);
    let refusal: string | undefined;
    let count = 0;
    for (; refusal === undefined && count < 4200; count += 1) {
      const backend = { type: 'file', data: { out: '/dev/null' } };
      const answer = await monitor.ask('chardev-add', { id: `c${count}`, backend });
      if (!('return' in answer)) refusal = refusalIn(answer);
    }
    expect(refusal).toContain('Too many open files');
    expect(openFiles(pidOf(child)).length).toBeLessThanOrEqual(4096);
    for (let each = 0; each < count - 1; each += 1) await monitor.ask('chardev-remove', { id: `c${each}` });
    expect(await monitor.ask('query-status')).toMatchObject({ return: { running: true } });
  });

  test('S4 d · it makes a file larger than its disk · that does not happen', async () => {
    using monitor = await monitorOf(child);
    const path = join(directoryOf(child), 'huge');
    const within = { driver: 'file', filename: path, size: 1024 ** 3 };
    expect(await monitor.ask('blockdev-create', { 'job-id': 'within', options: within })).toEqual({
      return: {},
    });
    await vi.waitUntil(() => existsSync(path) && statSync(path).size === 1024 ** 3);
    const beyond = { ...within, size: 64 * 1024 ** 3 };
    await monitor.ask('blockdev-create', { 'job-id': 'beyond', options: beyond });
    // By default the kernel ends who goes beyond; QEMU may look away and be refused.
    await vi.waitUntil(async () => {
      if (!isRunning(pidOf(child))) return true;
      const jobs = await monitor.ask('query-jobs');
      return JSON.stringify(jobs).includes('File too large') || 'ended' in jobs;
    });
    expect(statSync(path).size).toBeLessThanOrEqual(1024 ** 3);
  });

  test('S2 · it starts a program · its filter of system calls refuses that, and the program never runs', async () => {
    using monitor = await monitorOf(parent);
    const evil = join(directoryOf(parent), 'evil');
    expect(refusalIn(await monitor.ask('migrate', { uri: `exec:touch ${evil}` }))).toBe(
      'Failed to fork (Operation not permitted)',
    );
    expect(existsSync(evil)).toBe(false);
    expect(await monitor.ask('query-status')).toMatchObject({ return: { running: true } });
  });
});

/** Files that belong to QEMU’s program and are the same for everybody: libraries and firmware. */
const PROGRAM_FILES = /^\/(?:usr\/lib(?:64)?|lib(?:64)?|usr\/share\/(?:qemu|seabios))$/;

/** Files and devices below `root`, by their paths in there, sorted; directories that `skip` names are not looked into. */
function filesWithin(root: string, skip: RegExp, path = '/'): string[] {
  return readdirSync(join(root, path), { withFileTypes: true })
    .flatMap((entry) => {
      const inside = join(path, entry.name);
      if (!entry.isDirectory()) return [inside];
      return skip.test(inside) ? [] : filesWithin(root, skip, inside);
    })
    .sort();
}

/** Directories of templates that a disk stands on, by its open layers, and of the one whose memory it maps. */
function layersOf(environment: Environment, mapped: string | undefined): string[] {
  const open = openFiles(pidOf(environment)).map(({ target }) => /\/templates\/([^/]+)\//.exec(target)?.[1]);
  const ids = new Set([...open, mapped].filter((id) => id !== undefined));
  return [...ids].map((id) => join(sharedHome(), 'templates', id));
}

function fileNode(name: string, filename: string, more: object): object {
  return { driver: 'raw', 'node-name': name, ...more, file: { driver: 'file', filename, locking: 'off' } };
}
