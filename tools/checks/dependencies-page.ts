import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Check } from './outcome.ts';

const PAGE = 'docs/dependencies.md';

interface PackageFile {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** docs/dependencies.md gives a reason for each dependency of package.json and for nothing else. */
export const dependenciesPage: Check = {
  name: 'docs/dependencies.md',
  run(root) {
    const file = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as PackageFile;
    const wanted = Object.keys({
      ...file.dependencies,
      ...file.optionalDependencies,
      ...file.devDependencies,
    });
    const page = existsSync(join(root, PAGE)) ? readFileSync(join(root, PAGE), 'utf8') : '';
    return { seen: wanted.length, unit: 'packages', problems: dependencyProblems(wanted, page) };
  },
};

/** Compares package names with the rows ``| `name` | reason |`` of a page. */
export function dependencyProblems(wanted: readonly string[], page: string): string[] {
  const reasons = new Map(
    [...page.matchAll(/^\| `([^`]+)` \| *(.*?) *\|$/gm)].map(([, name = '', why = '']) => [name, why]),
  );
  const missing = wanted.filter((name) => (reasons.get(name) ?? '') === '');
  const extra = [...reasons.keys()].filter((name) => !wanted.includes(name));
  return [
    ...missing.map((name) => `${PAGE}: has no reason for ${name}`),
    ...extra.map((name) => `${PAGE}: gives a reason for ${name}, which package.json does not name`),
  ];
}
