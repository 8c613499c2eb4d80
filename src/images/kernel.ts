import { join } from 'node:path';
import { berthError } from '../errors/index.ts';
import { ensureDirectory, listDirectory, readText, run, writeAtomic } from '../host/index.ts';
import { loadOrder, type ModuleIndex, parseModuleIndex } from './kernel-modules.ts';
import type { Recipe } from './recipe.ts';

/** The kernel of a guest's root tree. */
export interface GuestKernel {
  /** `6.12.41+deb13-cloud-amd64`. */
  readonly release: string;
  readonly imagePath: string;
  /** Where its modules are. */
  readonly modulesDirectory: string;
  /** Paths below `modulesDirectory` of what the initramfs loads, in order. */
  readonly initramfsModules: readonly string[];
}

/**
 * Finds the one kernel of a root tree and prepares its modules: those that every boot loads are unpacked here
 * once and for all, and named for systemd-modules-load.
 */
export async function prepareKernel(
  tree: string,
  recipe: Recipe,
  signal?: AbortSignal,
): Promise<GuestKernel> {
  const options = signal === undefined ? {} : { signal };
  const [release, ...others] = await listDirectory(join(tree, 'usr/lib/modules'));
  if (release === undefined || others.length > 0)
    throw berthError('image-build-failed', 'the guest must have exactly one kernel');
  const modulesDirectory = join(tree, 'usr/lib/modules', release);
  const packed = await readIndex(modulesDirectory);
  const all = loadOrder(packed, [...recipe.initramfsModules, ...recipe.bootModules]);
  const compressed = all.filter((path) => path.endsWith('.xz')).map((path) => join(modulesDirectory, path));
  if (compressed.length > 0) {
    await run([join(tree, 'usr/bin/busybox'), 'unxz', ...compressed], options);
    await run(['chroot', tree, 'depmod', release], { ...options, timeoutMs: 120_000 });
  }
  await ensureDirectory(join(tree, 'etc/modules-load.d'));
  await writeAtomic(join(tree, 'etc/modules-load.d/berth.conf'), `${recipe.bootModules.join('\n')}\n`);
  return {
    release,
    modulesDirectory,
    imagePath: join(tree, 'boot', `vmlinuz-${release}`),
    initramfsModules: loadOrder(await readIndex(modulesDirectory), recipe.initramfsModules),
  };
}

async function readIndex(modulesDirectory: string): Promise<ModuleIndex> {
  const dependencies = await readText(join(modulesDirectory, 'modules.dep'));
  const builtin = await readText(join(modulesDirectory, 'modules.builtin'));
  if (dependencies === undefined || builtin === undefined)
    throw berthError('image-build-failed', `${modulesDirectory} has no index of modules`);
  return parseModuleIndex(dependencies, builtin);
}
