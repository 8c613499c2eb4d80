import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { listDirectory, readBytes } from '../host/index.ts';

/** Raise it when the way of building changes what comes out of an unchanged recipe. */
const BUILD_FORMAT = 1;

/** One file of a recipe's directory. */
export interface RecipeFile {
  /** Path with a leading slash. */
  readonly path: string;
  readonly content: Uint8Array;
}

/** Every file below `directory`, sorted by path. */
export async function readRecipeFiles(directory: string): Promise<RecipeFile[]> {
  const files: RecipeFile[] = [];
  await collect(directory, '', files);
  return files.toSorted((one, other) => (one.path < other.path ? -1 : 1));
}

async function collect(directory: string, below: string, files: RecipeFile[]): Promise<void> {
  for (const name of await listDirectory(join(directory, below))) {
    const path = `${below}/${name}`;
    // A file has no names in it; empty directories do not belong to a recipe.
    if ((await listDirectory(join(directory, path))).length > 0) await collect(directory, path, files);
    else files.push({ path, content: (await readBytes(join(directory, path))) ?? new Uint8Array() });
  }
}

/** sha256 (hex) over paths and contents. */
export function recipeHashOf(files: readonly RecipeFile[]): string {
  const hash = createHash('sha256').update(`berth image ${BUILD_FORMAT}\n`);
  for (const { path, content } of files) hash.update(`${path}\0${content.length}\0`).update(content);
  return hash.digest('hex');
}
