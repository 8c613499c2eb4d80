import { basename } from 'node:path';
import { berthError } from '../errors/index.ts';

/** Dependencies of kernel modules, as `modules.dep` and `modules.builtin` tell them (modules.dep(5)). */
export interface ModuleIndex {
  /** Path of each module below the modules directory → paths of all it needs, nearest first. */
  readonly needs: ReadonlyMap<string, readonly string[]>;
  /** Module name → its path. */
  readonly paths: ReadonlyMap<string, string>;
  /** Names of modules that are part of the kernel. */
  readonly builtin: ReadonlySet<string>;
}

/** Reads the text of `modules.dep` and `modules.builtin`. */
export function parseModuleIndex(dependencies: string, builtin: string): ModuleIndex {
  const needs = new Map<string, readonly string[]>();
  const paths = new Map<string, string>();
  for (const line of dependencies.split('\n')) {
    const colon = line.indexOf(':');
    if (colon < 0) continue;
    const path = line.slice(0, colon);
    needs.set(path, words(line.slice(colon + 1)));
    paths.set(moduleName(path), path);
  }
  return { needs, paths, builtin: new Set(words(builtin).map(moduleName)) };
}

/**
 * Paths of the modules named and of all they need, each after what it needs. Names of built-in modules give
 * nothing. Throws `image-build-failed` for a name that the kernel does not have.
 */
export function loadOrder(index: ModuleIndex, names: readonly string[]): string[] {
  const order = new Set<string>();
  for (const name of names) {
    const path = index.paths.get(canonical(name));
    if (path === undefined) {
      if (index.builtin.has(canonical(name))) continue;
      throw berthError('image-build-failed', `the kernel has no module ${name}`);
    }
    // depmod lists what a module needs so that the last must be loaded first.
    for (const needed of (index.needs.get(path) ?? []).toReversed()) order.add(needed);
    order.add(path);
  }
  return [...order];
}

/** `kernel/net/802/stp.ko.xz` → `stp`. */
export function moduleName(path: string): string {
  return canonical(basename(path).replace(/\.ko(\.(xz|gz|zst))?$/, ''));
}

function canonical(name: string): string {
  return name.replaceAll('-', '_');
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
