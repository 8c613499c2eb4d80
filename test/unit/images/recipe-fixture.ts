import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Recipe } from '../../../src/images/recipe.ts';

/** Writes the smallest valid recipe, with `changes`, and its first program. */
export async function writeRecipe(directory: string, name: string, changes: Partial<Recipe>): Promise<void> {
  const recipe: Recipe = {
    name,
    suite: 'trixie',
    components: ['main'],
    packages: ['systemd'],
    pathExcludes: [],
    diskMib: 64,
    initramfsModules: [],
    bootModules: [],
    kernelArguments: ['quiet'],
    programs: [],
    wants: {},
    mask: [],
    maskGenerators: [],
    ...changes,
  };
  await mkdir(join(directory, name, 'initramfs'), { recursive: true });
  await writeFile(join(directory, name, 'recipe.json'), JSON.stringify(recipe));
  await writeFile(join(directory, name, 'initramfs/init'), '#!/bin/sh\n');
}
