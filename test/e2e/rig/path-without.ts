import { mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Fills a directory with links to every program of this process's PATH but those that `hidden` matches; gives the new PATH. */
export function pathWithout(hidden: RegExp, directory: string): string {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const seen = new Set<string>();
  for (const place of (process.env['PATH'] ?? '').split(':')) {
    for (const name of entries(place)) {
      if (seen.has(name) || hidden.test(name)) continue;
      seen.add(name);
      symlinkSync(join(place, name), join(directory, name));
    }
  }
  return directory;
}

function entries(place: string): string[] {
  try {
    return readdirSync(place);
  } catch {
    return [];
  }
}
