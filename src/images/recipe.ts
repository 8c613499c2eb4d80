import { join } from 'node:path';
import { berthError, type Problem } from '../errors/index.ts';
import { readText } from '../host/index.ts';
import { checkRecipe } from './check-recipe.ts';
import { type RecipeFile, readRecipeFiles, recipeHashOf } from './recipe-files.ts';

/** What a guest operating system is made from: `recipe.json` of its directory. */
export interface Recipe {
  /** Name of the image; the recipe's directory has the same. */
  readonly name: string;
  /** Debian release, `trixie`. */
  readonly suite: string;
  /** Parts of the archive, `main`. */
  readonly components: readonly string[];
  /** Debian packages; what they depend on comes with them. */
  readonly packages: readonly string[];
  /** Patterns of paths that no package may unpack (dpkg's `path-exclude`). */
  readonly pathExcludes: readonly string[];
  /** Size of the root file system in the image; it grows to its disk's size at boot. */
  readonly diskMib: number;
  /** Kernel modules that mount the root disk and make the network card, loaded before the root disk is there. */
  readonly initramfsModules: readonly string[];
  /** Kernel modules that the first container needs, loaded at boot. */
  readonly bootModules: readonly string[];
  /** Kernel command line; the host adds `berth.key=`. */
  readonly kernelArguments: readonly string[];
  /** Paths of added files that are programs; all others get mode 0644. */
  readonly programs: readonly string[];
  /** Units that start at boot, by the target that wants them; all others that packages enable are disabled. */
  readonly wants: Readonly<Record<string, readonly string[]>>;
  /** Units that must never start. */
  readonly mask: readonly string[];
  /** Generators of systemd that must not run. */
  readonly maskGenerators: readonly string[];
}

/** A recipe with the files that belong to it. */
export interface LoadedRecipe extends Recipe {
  /** Files that are put over the packages' files, by absolute path in the guest, sorted. */
  readonly files: readonly RecipeFile[];
  /** The program that the kernel starts first. */
  readonly init: Uint8Array;
  /** sha256 (hex) over the recipe and all of its files: another hash means another image. */
  readonly hash: string;
}

/**
 * Reads the recipe `name` below `directory`; undefined when there is none. Throws `image-build-failed` with every
 * problem when it is not valid.
 */
export async function loadRecipe(directory: string, name: string): Promise<LoadedRecipe | undefined> {
  const base = join(directory, name);
  const text = await readText(join(base, 'recipe.json'));
  if (text === undefined) return undefined;
  const problems: Problem[] = [];
  const recipe = checkRecipe(text, name, problems);
  const all = await readRecipeFiles(base);
  const init = all.find((file) => file.path === '/initramfs/init');
  if (init === undefined) problems.push({ path: 'initramfs/init', message: 'is missing' });
  const files = all
    .filter((file) => file.path.startsWith('/files/'))
    .map((file) => ({ path: file.path.slice('/files'.length), content: file.content }));
  for (const program of recipe?.programs ?? []) {
    if (!files.some((file) => file.path === program))
      problems.push({ path: 'programs', message: `${program} is not among the files` });
  }
  if (recipe === undefined || init === undefined || problems.length > 0) {
    throw berthError('image-build-failed', `the recipe ${name} is not valid`, { problems });
  }
  return { ...recipe, files, init: init.content, hash: recipeHashOf(all) };
}
