import { appendFile, mkdir, rmdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { poll } from '../base/index.ts';
import { berthError } from '../errors/index.ts';
import { type CgroupLimits, type CgroupSetting, v1Settings, v2Settings } from './cgroup-limits.ts';
import { CGROUP_ROOT, type CgroupHierarchies, findHierarchies } from './cgroup-mode.ts';
import { exists, listDirectory, readText } from './files.ts';
import { isMissing, systemCode } from './system-error.ts';

/**
 * All groups are `berth/<name>` at the top of every hierarchy, under systemd too: there the processes of a service or
 * of a login end with it, and machines must outlive both. systemd leaves groups that it has not made alone, and the
 * kernel does not let it withdraw a v2 controller that a group below uses.
 */
const TREE = 'berth';
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/;
const USED_V2_CONTROLLERS = ['memory', 'pids', 'cpu'];
/** The threads of a process may take so long to end after it where the disk is busy. */
const REMOVE_TIMEOUT_MS = 20_000;
const REMOVE_INTERVAL_MS = 20;

/** A control group that covers every hierarchy of the host. */
export interface Cgroup {
  /** Its name below `berth/`. */
  readonly name: string;
  /** Its directory in the hierarchy that limits memory. */
  readonly path: string;
  /** Moves a process into it, in all hierarchies; its later children are born in it. Fails with `command-failed`. */
  add(pid: number): Promise<void>;
  /** Processes in it. */
  pids(): Promise<number[]>;
  /** Memory charged to it in bytes; `undefined` where no memory controller is mounted. */
  memoryBytes(): Promise<number | undefined>;
  /** How many of its processes the kernel has ended because it had no memory left for them; `undefined` where that is not counted. */
  memoryKills(): Promise<number | undefined>;
  /** Removes it; its processes must have ended, else it fails with `conflict`. May be called twice. */
  remove(o?: { readonly timeoutMs?: number }): Promise<void>;
}

/** Where the hierarchies are mounted; other than `/sys/fs/cgroup` only in tests. */
export interface CgroupOptions {
  root?: string;
}

/** Makes the group or, when it is there, applies the limits to it. Where no control groups are mounted it limits nothing. */
export async function createCgroup(name: string, o: CgroupLimits & CgroupOptions = {}): Promise<Cgroup> {
  if (!NAME.test(name)) throw berthError('internal', `not a name of a control group: ${name}`);
  const hierarchies = await findHierarchies(o.root ?? CGROUP_ROOT);
  for (const hierarchy of hierarchies.v1) {
    const directory = join(hierarchy, TREE, name);
    await mkdir(directory, { recursive: true });
    await inheritCpuset(hierarchy, name);
    await applySettings(directory, v1Settings(o));
  }
  if (hierarchies.v2 !== undefined) {
    const directory = join(hierarchies.v2, TREE, name);
    await mkdir(directory, { recursive: true });
    await delegate(hierarchies.v2, hierarchies.v2Controllers);
    await applySettings(directory, v2Settings(o));
  }
  return new HostCgroup(name, hierarchies);
}

/** A group that was made before; `undefined` when it is in no hierarchy. */
export async function openCgroup(name: string, o: CgroupOptions = {}): Promise<Cgroup | undefined> {
  const hierarchies = await findHierarchies(o.root ?? CGROUP_ROOT);
  const cgroup = new HostCgroup(name, hierarchies);
  for (const directory of cgroup.directories) if (await exists(directory)) return cgroup;
  return undefined;
}

/** Names of the groups that begin with `prefix`, sorted. */
export async function listCgroups(prefix: string, o: CgroupOptions = {}): Promise<string[]> {
  const hierarchies = await findHierarchies(o.root ?? CGROUP_ROOT);
  const names = new Set<string>();
  for (const hierarchy of roots(hierarchies)) {
    const tree = join(hierarchy, TREE);
    for (const name of await listDirectory(tree)) {
      if (name.startsWith(prefix) && (await exists(join(tree, name, 'cgroup.procs')))) names.add(name);
    }
  }
  return [...names].sort();
}

function roots(hierarchies: CgroupHierarchies): string[] {
  return hierarchies.v2 === undefined ? [...hierarchies.v1] : [...hierarchies.v1, hierarchies.v2];
}

class HostCgroup implements Cgroup {
  readonly name: string;
  readonly path: string;
  readonly directories: readonly string[];

  constructor(name: string, hierarchies: CgroupHierarchies) {
    this.name = name;
    this.directories = roots(hierarchies).map((root) => join(root, TREE, name));
    const memory = hierarchies.v1.find((root) => basename(root).split(',').includes('memory'));
    const main = memory ?? hierarchies.v2 ?? hierarchies.v1[0] ?? CGROUP_ROOT;
    this.path = join(main, TREE, name);
  }

  async add(pid: number): Promise<void> {
    for (const directory of this.directories) {
      try {
        await appendFile(join(directory, 'cgroup.procs'), `${pid}\n`);
      } catch (error) {
        throw berthError('command-failed', `process ${pid} cannot join the control group ${directory}`, {
          cause: error,
        });
      }
    }
  }

  async pids(): Promise<number[]> {
    const found = new Set<number>();
    for (const directory of this.directories) {
      const text = (await readText(join(directory, 'cgroup.procs'))) ?? '';
      for (const line of text.split('\n')) if (line !== '') found.add(Number(line));
    }
    return [...found];
  }

  async memoryBytes(): Promise<number | undefined> {
    for (const file of ['memory.usage_in_bytes', 'memory.current']) {
      const text = await readText(join(this.path, file));
      if (text !== undefined) return Number(text);
    }
    return undefined;
  }

  async memoryKills(): Promise<number | undefined> {
    for (const file of ['memory.oom_control', 'memory.events']) {
      const count = /^oom_kill (\d+)$/m.exec((await readText(join(this.path, file))) ?? '')?.[1];
      if (count !== undefined) return Number(count);
    }
    return undefined;
  }

  async remove({ timeoutMs = REMOVE_TIMEOUT_MS } = {}): Promise<void> {
    for (const directory of this.directories) await removeGroup(directory, timeoutMs);
  }
}

/** A process that has just ended may hold its group for a moment longer. */
async function removeGroup(directory: string, timeoutMs: number): Promise<void> {
  const attempt = async (): Promise<true | undefined> => {
    try {
      await rmdir(directory);
      return true;
    } catch (error) {
      if (isMissing(error)) return true;
      if (systemCode(error) === 'EBUSY') return undefined;
      throw error;
    }
  };
  try {
    await poll(attempt, { timeoutMs, intervalMs: REMOVE_INTERVAL_MS, what: directory });
  } catch (error) {
    throw berthError('conflict', `the control group ${directory} cannot be removed`, { cause: error });
  }
}

/** A limit whose file is not there belongs to a controller that is mounted elsewhere, or not at all. */
async function applySettings(directory: string, settings: readonly CgroupSetting[]): Promise<void> {
  for (const { file, value } of settings) {
    const path = join(directory, file);
    if (await exists(path)) await writeFile(path, value);
  }
}

/** A v1 cpuset starts without CPUs and memory nodes and takes no process before it has some. */
async function inheritCpuset(hierarchy: string, name: string): Promise<void> {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    const value = await readText(join(hierarchy, file));
    if (value === undefined) continue;
    for (const directory of [join(hierarchy, TREE), join(hierarchy, TREE, name)]) {
      const own = await readText(join(directory, file));
      if (own?.trim() === '') await writeFile(join(directory, file), value.trim());
    }
  }
}

/** A v2 group has a controller's files only when each group above it has passed the controller on. */
async function delegate(root: string, controllers: readonly string[]): Promise<void> {
  for (const directory of [root, join(root, TREE)]) {
    const control = join(directory, 'cgroup.subtree_control');
    const enabled = ((await readText(control)) ?? '').split(/\s+/);
    for (const controller of USED_V2_CONTROLLERS) {
      if (!controllers.includes(controller) || enabled.includes(controller)) continue;
      // Refused where the host's owner has ruled otherwise, as in some containers: then that limit does not apply.
      await appendFile(control, `+${controller}`).catch(() => undefined);
    }
  }
}
