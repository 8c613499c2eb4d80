import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { withAdministratorPath } from './command-environment.ts';

/** Full path of a program as {@link run} would find it, the administrator's directories included; `undefined` when it is missing. */
export async function findProgram(name: string): Promise<string | undefined> {
  const candidates = name.includes('/')
    ? [name]
    : withAdministratorPath(process.env.PATH)
        .split(':')
        .map((directory) => join(directory, name));
  for (const path of candidates) {
    try {
      await access(path, constants.X_OK);
      return path;
    } catch {
      // Not here; the next directory may have it.
    }
  }
  return undefined;
}
