import { dirname, join } from 'node:path';
import { berthError } from '../errors/index.ts';
import { ensureDirectory, exists, listDirectory, removeTree, run } from '../host/index.ts';
import type { Recipe } from './recipe.ts';

const OWN_UNITS = '/etc/systemd/system';
const PACKAGE_UNITS = '/usr/lib/systemd/system';
const DEFAULT_TARGET = 'multi-user.target';

/** A symbolic link: `path` in the guest leads to `target`. */
export interface Link {
  readonly path: string;
  readonly target: string;
}

/** Decides alone what starts at boot: what packages enabled is disabled, then the recipe's units are enabled. */
export async function arrangeUnits(tree: string, recipe: Recipe): Promise<void> {
  for (const name of await listDirectory(join(tree, OWN_UNITS))) {
    if (/\.(wants|requires)$/.test(name)) await removeTree(join(tree, OWN_UNITS, name));
  }
  const own = new Set(await listDirectory(join(tree, OWN_UNITS)));
  for (const link of unitLinks(recipe, own)) {
    const path = join(tree, link.path);
    if (link.target !== '/dev/null' && !(await exists(join(tree, link.target))))
      throw berthError('image-build-failed', `the guest has no unit ${link.target}`);
    await removeTree(path);
    await ensureDirectory(dirname(path));
    await run(['ln', '-s', '--', link.target, path]);
  }
}

/** The links that enable and mask units; `own` are the names below `/etc/systemd/system`. */
export function unitLinks(
  recipe: Pick<Recipe, 'wants' | 'mask' | 'maskGenerators'>,
  own: ReadonlySet<string>,
): Link[] {
  const wanted = Object.entries(recipe.wants).flatMap(([target, units]) =>
    units.map((unit) => ({
      path: `${OWN_UNITS}/${target}.wants/${unit}`,
      target: `${own.has(unit) ? OWN_UNITS : PACKAGE_UNITS}/${unit}`,
    })),
  );
  const nothing = '/dev/null';
  return [
    { path: `${OWN_UNITS}/default.target`, target: `${PACKAGE_UNITS}/${DEFAULT_TARGET}` },
    ...wanted,
    ...recipe.mask.map((unit) => ({ path: `${OWN_UNITS}/${unit}`, target: nothing })),
    ...recipe.maskGenerators.map((name) => ({
      path: `/etc/systemd/system-generators/${name}`,
      target: nothing,
    })),
  ];
}
