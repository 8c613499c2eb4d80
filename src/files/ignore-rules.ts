import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isWithin } from '../model/index.ts';
import ignore from 'ignore';

/** Name of the file in which a project says what of it is not sent, in the syntax of `.gitignore`. */
export const IGNORE_FILE = '.berthignore';

/** Tells whether something is left out, by its path below the root, without a slash before it. */
export type IgnoreRules = (relativePath: string, isDirectory: boolean) => boolean;

/** The rules in the root's `.berthignore`; nothing is left out without one. */
export function readIgnoreRules(root: string): IgnoreRules {
  let text: string;
  try {
    text = readFileSync(join(root, IGNORE_FILE), 'utf8');
  } catch {
    return () => false;
  }
  return ignoreRules(text);
}

/** Tells of absolute paths below roots whether a rule of their root leaves them, or a directory above them, out. */
export function ignoredIn(roots: readonly string[]): (path: string) => boolean {
  const rules = roots.map((root) => ({ root, ignores: readIgnoreRules(root) }));
  return (path) => {
    const own = rules.find(({ root }) => isWithin(path, root));
    if (own === undefined || path === own.root) return false;
    const below = path.slice(own.root.length + 1);
    return own.ignores(below, false) || own.ignores(below, true);
  };
}

/** Rules in the syntax of `.gitignore`. */
export function ignoreRules(text: string): IgnoreRules {
  const rules = ignore({ allowRelativePaths: true }).add(text);
  return (path, isDirectory) => rules.ignores(isDirectory ? `${path}/` : path);
}
