import { join } from 'node:path';
import { sleep } from '../base/index.ts';
import { ensureDirectory, listDirectory, removeTree, run, writeAtomic } from '../host/index.ts';
import { isNetworkFailure } from './build-failure.ts';
import type { PackageSources } from './package-sources.ts';
import type { Recipe } from './recipe.ts';

const INSTALL_TIMEOUT_MS = 30 * 60_000;
const MAX_ATTEMPTS = 3;
/** Pause before the second attempt; it grows with each. */
const RETRY_PAUSE_MS = 3_000;

/** What the installation of packages needs to know. */
export interface InstallOptions {
  readonly recipe: Recipe;
  /** Directory that becomes the guest's root; it must not be there yet. */
  readonly tree: string;
  readonly sources: PackageSources;
  /** File with the keys that sign the packages. */
  readonly keyring: string;
  /** Added to the environment of the tools: proxies. */
  readonly environment: Record<string, string>;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: (detail: string) => void;
}

/** Installs the recipe's packages into a new root tree; begins anew when the mirror does not answer. */
export async function installPackages(o: InstallOptions): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await runInstall(o);
      break;
    } catch (error) {
      if (attempt === MAX_ATTEMPTS || !isNetworkFailure(error)) throw error;
      o.onProgress('the mirror did not answer; once more');
      await removeTree(o.tree);
      await sleep(attempt * RETRY_PAUSE_MS, o.signal);
    }
  }
  // The keys of the guest's own keyring package count in the guest, not a file of this host.
  await writeAtomic(join(o.tree, 'etc/apt/sources.list'), `${o.sources.lines.join('\n')}\n`);
  await removeTree(join(o.tree, 'etc/apt/apt.conf.d/99mmdebstrap'));
}

async function runInstall(o: InstallOptions): Promise<void> {
  await run(installCommand(o), {
    timeoutMs: INSTALL_TIMEOUT_MS,
    env: { ...o.environment, LC_ALL: 'C' },
    onLine: (line) => {
      const said = /^I: (.*?)(\.\.\.)?$/.exec(line)?.[1];
      if (said !== undefined) o.onProgress(said);
    },
    ...(o.signal === undefined ? {} : { signal: o.signal }),
  });
}

/**
 * mmdebstrap in a process namespace of its own: whatever maintainer scripts leave running ends with it, also when
 * it is killed, and its mounts with its mount namespace.
 */
export function installCommand(o: Pick<InstallOptions, 'recipe' | 'tree' | 'sources' | 'keyring'>): string[] {
  const { recipe, tree, sources, keyring } = o;
  return [
    // It ends with the daemon, however that ends.
    ...['setpriv', '--pdeathsig', 'KILL', '--'],
    ...['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'],
    'mmdebstrap',
    ...['--mode=root', '--format=directory', '--variant=essential'],
    `--components=${recipe.components.join(',')}`,
    `--include=${recipe.packages.join(',')}`,
    // apt tries each file again before mmdebstrap gives up.
    '--aptopt=Acquire::Retries "5"',
    ...recipe.pathExcludes.map((pattern) => `--dpkgopt=path-exclude=${pattern}`),
    // Device nodes are made by the guest's kernel.
    '--skip=output/dev',
    recipe.suite,
    tree,
    ...sources.lines.map((line) => line.replace(/^deb /, `deb [signed-by=${keyring}] `)),
  ];
}

/** Puts the recipe's own files over those of the packages. */
export async function addFiles(
  tree: string,
  recipe: {
    readonly files: readonly { path: string; content: Uint8Array }[];
    readonly programs: readonly string[];
  },
): Promise<void> {
  for (const { path, content } of recipe.files) {
    const target = join(tree, path);
    await ensureDirectory(join(target, '..'));
    // A link of a package must not lead the file elsewhere: what is there is replaced.
    await removeTree(target);
    await writeAtomic(target, content, { mode: recipe.programs.includes(path) ? 0o755 : 0o644 });
  }
}

/** Removes what tells one guest from another, and what the build left behind. */
export async function removeIdentity(tree: string): Promise<void> {
  const keys = (await listDirectory(join(tree, 'etc/ssh'))).filter((name) => name.startsWith('ssh_host_'));
  const logs = await listDirectory(join(tree, 'var/log'));
  const lists = await listDirectory(join(tree, 'var/lib/apt/lists'));
  const paths = [
    ...keys.map((name) => `etc/ssh/${name}`),
    ...logs.filter((name) => name.endsWith('.log')).map((name) => `var/log/${name}`),
    ...lists.map((name) => `var/lib/apt/lists/${name}`),
    'var/log/apt',
    'var/lib/systemd/random-seed',
    'var/lib/dbus/machine-id',
    'var/cache/apt/pkgcache.bin',
    'var/cache/apt/srcpkgcache.bin',
    'var/cache/ldconfig/aux-cache',
  ];
  for (const path of paths) await removeTree(join(tree, path));
  // Empty, not missing: systemd then makes one at boot without taking the boot for the first of an installation.
  await writeAtomic(join(tree, 'etc/machine-id'), '', { mode: 0o444 });
}
