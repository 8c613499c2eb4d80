import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { exists, listDirectory, readText } from './files.ts';

/**
 * - `v1`: controllers in hierarchies of their own
 * - `v2`: one unified hierarchy
 * - `hybrid`: controllers in v1 hierarchies, with a unified hierarchy beside them
 * - `none`: no control groups are mounted
 */
export type CgroupMode = 'v1' | 'v2' | 'hybrid' | 'none';

/** Where the control groups of a host are. */
export interface CgroupHierarchies {
  readonly mode: CgroupMode;
  /** Directory of each v1 hierarchy: one per controller, or per set of controllers mounted together. */
  readonly v1: readonly string[];
  /** Directory of the unified hierarchy. */
  readonly v2?: string;
  /** Controllers that the unified hierarchy offers. */
  readonly v2Controllers: readonly string[];
}

export const CGROUP_ROOT = '/sys/fs/cgroup';

/** Finds the control group hierarchies by their files below `root`. */
export async function findHierarchies(root: string): Promise<CgroupHierarchies> {
  if (await isUnified(root)) {
    return { mode: 'v2', v1: [], v2: root, v2Controllers: await controllersOf(root) };
  }
  const v1 = new Set<string>();
  let v2: string | undefined;
  for (const name of await listDirectory(root)) {
    const directory = join(root, name);
    if (await isUnified(directory)) v2 = directory;
    // Controllers mounted together are one directory with several links to it.
    else if (await exists(join(directory, 'cgroup.procs'))) v1.add(await realpath(directory));
  }
  const mode = v1.size === 0 ? 'none' : v2 === undefined ? 'v1' : 'hybrid';
  if (v2 === undefined) return { mode, v1: [...v1], v2Controllers: [] };
  return { mode, v1: [...v1], v2, v2Controllers: await controllersOf(v2) };
}

/** Which kind of control groups the host has. `root` is for tests. */
export async function cgroupMode(root: string = CGROUP_ROOT): Promise<CgroupMode> {
  return (await findHierarchies(root)).mode;
}

function isUnified(directory: string): Promise<boolean> {
  return exists(join(directory, 'cgroup.controllers'));
}

async function controllersOf(directory: string): Promise<string[]> {
  const text = (await readText(join(directory, 'cgroup.controllers'))) ?? '';
  return text.split(/\s+/).filter((name) => name !== '');
}
