import { join } from 'node:path';
import { removeTree, run } from '../../host/index.ts';
import { aptFailure } from './apt-failure.ts';
import { privateAptOptions } from './apt-configuration.ts';
import { hostRelease } from './debian-release.ts';
import { servicesOf, withoutServices } from './unwanted-services.ts';
import type { PlannedPackage } from './plan-packages.ts';

const UPDATE_TIMEOUT_MS = 5 * 60_000;
const INSTALL_TIMEOUT_MS = 20 * 60_000;
const LOCK_TIMEOUT_S = 120;
const APT_ENVIRONMENT = {
  DEBIAN_FRONTEND: 'noninteractive',
  APT_LISTCHANGES_FRONTEND: 'none',
  NEEDRESTART_SUSPEND: '1',
};
const APT_OPTIONS = [
  ...['-o', `DPkg::Lock::Timeout=${LOCK_TIMEOUT_S}`, '-o', 'Acquire::Retries=5'],
  ...['-o', 'Acquire::http::Timeout=30', '-o', 'Acquire::https::Timeout=30'],
  // A list that cannot be fetched is an error and not a note.
  ...['-o', 'APT::Update::Error-Mode=any', '-o', 'Dpkg::Use-Pty=0', '-o', 'Dpkg::Options::=--force-confold'],
];

export interface InstallOptions {
  /** BERTH_HOME: apt's lists, sources and cache are kept below it. */
  home: string;
  env: Record<string, string | undefined>;
  signal?: AbortSignal;
  onLine: (line: string) => void;
}

/** The arguments of one run of `apt-get` that installs packages of one suite. */
export function installArguments(packages: readonly PlannedPackage[]): string[] {
  // With a target release what these packages depend on may come from there as well.
  const suite = packages[0]?.suite;
  const target = suite === undefined ? [] : ['-t', suite];
  return [
    'install',
    '--yes',
    '--no-install-recommends',
    ...target,
    '--',
    ...packages.map(({ name }) => name),
  ];
}

/** Installs packages by apt-get. Throws `host-setup-failed` with apt's own words, or `cancelled`. */
export async function installPackages(packages: readonly PlannedPackage[], o: InstallOptions): Promise<void> {
  const directory = join(o.home, 'apt');
  try {
    const options = [...APT_OPTIONS, ...(await privateAptOptions(directory, await hostRelease(), o.env))];
    await apt([...options, 'update'], UPDATE_TIMEOUT_MS, o);
    await withoutServices(servicesOf(packages), async () => {
      for (const group of bySuite(packages))
        await apt([...options, ...installArguments(group)], INSTALL_TIMEOUT_MS, o);
    });
  } finally {
    await removeTree(directory);
  }
}

/** A run of apt-get has one target release: what comes from backports is installed by itself, last. */
function bySuite(packages: readonly PlannedPackage[]): PlannedPackage[][] {
  const groups = Map.groupBy(packages, ({ suite }) => suite ?? '');
  return [...groups].toSorted(([a], [b]) => a.localeCompare(b)).map(([, group]) => group);
}

async function apt(argv: readonly string[], timeoutMs: number, o: InstallOptions): Promise<void> {
  const lines: string[] = [];
  const onLine = (line: string): void => {
    lines.push(line);
    o.onLine(line);
  };
  try {
    const signal = o.signal === undefined ? {} : { signal: o.signal };
    await run(['apt-get', ...argv], { timeoutMs, env: APT_ENVIRONMENT, onLine, ...signal });
  } catch (error) {
    throw aptFailure(error, lines.join('\n'));
  }
}
