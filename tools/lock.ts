import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

/** An entry of package-lock.json, as far as it matters here. */
interface LockEntry {
  readonly version?: string;
  readonly resolved?: string;
  readonly optional?: boolean;
  readonly dev?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly [key: string]: unknown;
}

/** package-lock.json, as far as it matters here. */
export interface LockFile {
  packages: Record<string, LockEntry>;
}

const SYSTEMS = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32'];
const PROCESSORS = ['arm64', 'arm', 'ia32', 'ppc64', 'riscv64', 's390x', 'x64'];

/**
 * What is wrong with a lock file: entries that name the registry they came from, and packages for other platforms
 * that have no entry. A registry that does not carry those leaves them out without a word, and `npm ci` of npm 11
 * then refuses the lock file on a machine whose registry does.
 */
export function lockProblems(lock: LockFile): string[] {
  const resolved = Object.entries(lock.packages).filter(([, entry]) => entry.resolved !== undefined);
  return [
    ...resolved.map(([path]) => `${path} names a registry; see omit-lockfile-registry-resolved in .npmrc`),
    ...missingOptional(lock).map(
      ({ name, by }) => `${name}, wanted by ${by}, has no entry; node tools/lock.ts --write`,
    ),
  ];
}

/** Adds an entry for each optional package that has none: version from whom it belongs to, platform from its name. */
export function completeLock(lock: LockFile): void {
  for (const { name, version, by } of missingOptional(lock)) {
    lock.packages[`node_modules/${name}`] = {
      version,
      ...platformOf(name),
      ...(lock.packages[by]?.dev === true ? { dev: true } : {}),
      optional: true,
    };
  }
  lock.packages = Object.fromEntries(Object.entries(lock.packages).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function missingOptional({ packages }: LockFile): { name: string; version: string; by: string }[] {
  return Object.entries(packages).flatMap(([by, entry]) =>
    Object.entries(entry.optionalDependencies ?? {}).flatMap(([name, version]) => {
      const found = [`${by}/node_modules/${name}`, `node_modules/${name}`].some(
        (path) => packages[path]?.version !== undefined,
      );
      return found ? [] : [{ name, version, by }];
    }),
  );
}

/** `binding-linux-x64-musl` → os, cpu and libc as npm writes them; only these keep npm from fetching it. */
function platformOf(name: string): { os: string[]; cpu: string[]; libc?: string[] } {
  const words = name.split(/[/-]/);
  const os = SYSTEMS.find((each) => words.includes(each));
  const cpu = PROCESSORS.find((each) => words.includes(each));
  if (os === undefined || cpu === undefined)
    throw new Error(`The name ${name} does not say for which platform it is`);
  const last = words.at(-1) ?? '';
  if (os !== 'linux' || !/^(gnu|musl)/.test(last)) return { os: [os], cpu: [cpu] };
  return { os: [os], cpu: [cpu], libc: [last.startsWith('musl') ? 'musl' : 'glibc'] };
}

/** Reads `<root>/package-lock.json`. */
export function readLock(root: string): LockFile {
  return JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as LockFile;
}

if (import.meta.main) {
  const root = resolve(import.meta.dirname, '..');
  const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } });
  const lock = readLock(root);
  if (values.write) {
    completeLock(lock);
    writeFileSync(join(root, 'package-lock.json'), `${JSON.stringify(lock, undefined, 2)}\n`);
  }
  const problems = lockProblems(lock);
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
