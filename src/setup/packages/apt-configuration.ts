import { join } from 'node:path';
import {
  type AptSource,
  debianMirror,
  ensureDirectory,
  readAptSources,
  writeAtomic,
} from '../../host/index.ts';
import { type DistributionRelease, needsBackports } from './debian-release.ts';
import { KEYRING_PATH } from './required-packages.ts';

/**
 * Lines of a sources list: the Debian archives the host already uses and, where they are needed, the backports of the
 * same mirror. A mirror of one's own stands in for all of them.
 */
export function sourceLines(
  release: DistributionRelease,
  sources: readonly AptSource[],
  mirror: { uri: string; keyring: string; isOwn: boolean },
): string[] {
  const codename = release.codename ?? 'stable';
  const lines = mirror.isOwn
    ? [
        sourceLine(mirror.uri, codename, mirror.keyring),
        sourceLine(mirror.uri, `${codename}-updates`, mirror.keyring),
      ]
    : sources.flatMap((source) => linesOf(source, codename));
  const backports = `${codename}-backports`;
  const known = lines.some((line) => line.includes(` ${backports} `));
  if (needsBackports(release) && !known) lines.push(sourceLine(mirror.uri, backports, mirror.keyring));
  return [...new Set(lines)];
}

function linesOf(source: AptSource, codename: string): string[] {
  if (!source.components.includes('main')) return [];
  const suites = source.suites.filter((suite) => suite === codename || suite.startsWith(`${codename}-`));
  return suites.map((suite) => sourceLine(source.uri, suite, source.signedBy ?? KEYRING_PATH));
}

function sourceLine(uri: string, suite: string, keyring: string): string {
  return `deb [signed-by=${keyring}] ${uri} ${suite} main`;
}

/**
 * Options that let apt use sources, lists and a cache below `directory` and leave the host's apt configuration and
 * lists as they are. On other distributions than Debian: none, apt works as the host has it.
 */
export async function privateAptOptions(
  directory: string,
  release: DistributionRelease,
  env: Record<string, string | undefined>,
): Promise<string[]> {
  if (release.id !== 'debian') return [];
  const mirror = await debianMirror(env);
  const isOwn = (env.BERTH_DEBIAN_MIRROR ?? '') !== '';
  const lists = join(directory, 'lists');
  const cache = join(directory, 'cache');
  const list = join(directory, 'sources.list');
  await ensureDirectory(join(lists, 'partial'));
  await ensureDirectory(join(cache, 'archives', 'partial'));
  await writeAtomic(
    list,
    `${sourceLines(release, await readAptSources(), { ...mirror, isOwn }).join('\n')}\n`,
  );
  const options = {
    'Dir::Etc::sourcelist': list,
    'Dir::Etc::sourceparts': '-',
    'Dir::State::lists': lists,
    'Dir::Cache': cache,
  };
  return Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
}
