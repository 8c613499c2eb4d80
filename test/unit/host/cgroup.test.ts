import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { accessSync, constants, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import {
  cgroupMode,
  createCgroup,
  identify,
  isRoot,
  listCgroups,
  openCgroup,
  terminate,
} from '../../../src/host/index.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** Makes a directory with files in it, as the kernel does for a control group. */
function group(path: string, files: Record<string, string> = {}): void {
  mkdirSync(path, { recursive: true });
  for (const [name, text] of Object.entries({ 'cgroup.procs': '', ...files }))
    writeFileSync(join(path, name), text);
}

function v1Root(): string {
  const root = temporaryDirectory();
  group(join(root, 'memory'));
  group(join(root, 'memory/berth/m1'), { 'memory.limit_in_bytes': '-1' });
  group(join(root, 'cpu,cpuacct'));
  group(join(root, 'cpu,cpuacct/berth/m1'), { 'cpu.shares': '1024' });
  symlinkSync('cpu,cpuacct', join(root, 'cpu'));
  group(join(root, 'pids'));
  group(join(root, 'pids/berth/m1'), { 'pids.max': 'max' });
  group(join(root, 'cpuset'), { 'cpuset.cpus': '0-3\n', 'cpuset.mems': '0\n' });
  group(join(root, 'cpuset/berth'), { 'cpuset.cpus': '\n', 'cpuset.mems': '\n' });
  group(join(root, 'cpuset/berth/m1'), { 'cpuset.cpus': '\n', 'cpuset.mems': '\n' });
  return root;
}

test('tells the kinds apart', async () => {
  expect(await cgroupMode(temporaryDirectory())).toBe('none');
  const root = v1Root();
  expect(await cgroupMode(root)).toBe('v1');
  group(join(root, 'unified'), { 'cgroup.controllers': '\n' });
  expect(await cgroupMode(root)).toBe('hybrid');
  const unified = temporaryDirectory();
  group(unified, { 'cgroup.controllers': 'cpuset cpu io memory pids\n' });
  expect(await cgroupMode(unified)).toBe('v2');
});

test('v1: limits are set, and a process joins every hierarchy once', async () => {
  const root = v1Root();
  const cgroup = await createCgroup('m1', { root, memoryMaxBytes: 4096, pidsMax: 50, cpuWeight: 50 });
  await cgroup.add(4321);
  const read = (path: string): string => readFileSync(join(root, path), 'utf8');
  expect(read('memory/berth/m1/memory.limit_in_bytes')).toBe('4096');
  expect(read('pids/berth/m1/pids.max')).toBe('50');
  expect(read('cpu/berth/m1/cpu.shares')).toBe('512');
  expect(read('cpuset/berth/m1/cpuset.cpus')).toBe('0-3');
  expect(read('cpuset/berth/cpuset.mems')).toBe('0');
  for (const controller of ['memory', 'cpu', 'pids', 'cpuset']) {
    expect(read(`${controller}/berth/m1/cgroup.procs`)).toBe('4321\n');
  }
  expect(await cgroup.pids()).toEqual([4321]);
  expect(cgroup.path).toBe(join(root, 'memory/berth/m1'));
});

test('v2: controllers are passed down, limits are set', async () => {
  const root = temporaryDirectory();
  group(root, { 'cgroup.controllers': 'cpu io memory pids\n', 'cgroup.subtree_control': 'memory\n' });
  group(join(root, 'berth'), { 'cgroup.subtree_control': '' });
  group(join(root, 'berth/m1'), { 'memory.max': 'max', 'pids.max': 'max', 'cpu.weight': '100' });
  const cgroup = await createCgroup('m1', { root, memoryMaxBytes: 4096, pidsMax: 50, cpuWeight: 50 });
  await cgroup.add(4321);
  const read = (path: string): string => readFileSync(join(root, path), 'utf8');
  expect(read('cgroup.subtree_control')).toBe('memory\n+pids+cpu');
  expect(read('berth/cgroup.subtree_control')).toBe('+memory+pids+cpu');
  expect(read('berth/m1/memory.max')).toBe('4096');
  expect(read('berth/m1/pids.max')).toBe('50');
  expect(read('berth/m1/cpu.weight')).toBe('50');
  expect(await cgroup.pids()).toEqual([4321]);
});

test('hybrid: a process joins the unified hierarchy as well', async () => {
  const root = v1Root();
  group(join(root, 'unified'), { 'cgroup.controllers': '\n', 'cgroup.subtree_control': '' });
  group(join(root, 'unified/berth/m1'));
  await (await createCgroup('m1', { root })).add(7);
  expect(readFileSync(join(root, 'unified/berth/m1/cgroup.procs'), 'utf8')).toBe('7\n');
});

test('groups are found again by name and prefix', async () => {
  const root = v1Root();
  group(join(root, 'pids/berth/other'));
  expect(await listCgroups('', { root })).toEqual(['m1', 'other']);
  expect(await listCgroups('m', { root })).toEqual(['m1']);
  expect((await openCgroup('m1', { root }))?.name).toBe('m1');
  expect(await openCgroup('none', { root })).toBeUndefined();
});

test('a name cannot leave the tree', async () => {
  await expect(createCgroup('../x', { root: v1Root() })).rejects.toMatchObject({ code: 'internal' });
});

function canMake(): boolean {
  try {
    accessSync('/sys/fs/cgroup', constants.W_OK);
    return isRoot() && readFileSync('/proc/self/cgroup', 'utf8') !== '';
  } catch {
    return false;
  }
}

test.runIf(canMake())(
  'on this host: limits hold, the process is in every hierarchy, nothing is left',
  async () => {
    const name = `test-${randomBytes(4).toString('hex')}`;
    const cgroup = await createCgroup(name, { memoryMaxBytes: 64 * 1024 * 1024, pidsMax: 20, cpuWeight: 50 });
    onTestFinished(() => cgroup.remove());
    const child = spawn('sleep', ['600'], { stdio: 'ignore' });
    const identity = identify(child.pid ?? 0);
    if (identity === undefined) throw new Error('did not start');
    onTestFinished(async () => void (await terminate(identity, { signal: 'SIGKILL', timeoutMs: 5_000 })));
    await cgroup.add(identity.pid);
    expect(await cgroup.pids()).toEqual([identity.pid]);
    expect(await cgroup.memoryBytes()).toBeGreaterThanOrEqual(0);
    for (const line of readFileSync(`/proc/${identity.pid}/cgroup`, 'utf8').trim().split('\n')) {
      expect(line).toMatch(new RegExp(`:/berth/${name}$`));
    }
    await expect(cgroup.remove({ timeoutMs: 500 })).rejects.toMatchObject({ code: 'conflict' });
    await terminate(identity, { signal: 'SIGKILL', timeoutMs: 5_000 });
    await cgroup.remove();
    expect(await openCgroup(name)).toBeUndefined();
    await cgroup.remove();
  },
);
