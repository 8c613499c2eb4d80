import { join } from 'node:path';
import { berthError } from '../errors/index.ts';
import { type AptSource, parseAptList, parseAptSources } from './apt-sources.ts';
import { exists, listDirectory, readText } from './files.ts';

/** Where Debian packages come from. */
export interface DebianMirror {
  /** Base of the archive, for example the part of a sources line before the suite. No trailing slash. */
  readonly uri: string;
  /** File with the public keys that sign the archive. */
  readonly keyring: string;
}

const DEFAULT_KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const DEBIAN_SUITES = [
  'bullseye',
  'bookworm',
  'trixie',
  'forky',
  'sid',
  'oldstable',
  'stable',
  'testing',
  'unstable',
];

/**
 * The Debian mirror of this host: `BERTH_DEBIAN_MIRROR`, else the first Debian archive of the host's own apt
 * configuration. Throws `host-setup-failed` when neither names one. `etc` is `/etc/apt`, another directory in tests.
 */
export async function debianMirror(
  env: Record<string, string | undefined>,
  etc: string = '/etc/apt',
): Promise<DebianMirror> {
  const chosen = env.BERTH_DEBIAN_MIRROR;
  if (chosen !== undefined && chosen !== '') return { uri: withoutSlash(chosen), keyring: DEFAULT_KEYRING };
  const source = (await readAptSources(etc)).find(isDebianArchive);
  if (source === undefined) {
    throw berthError('host-setup-failed', `no Debian archive is named in ${etc}`, {
      remedy: 'set BERTH_DEBIAN_MIRROR to the base URL of a Debian mirror and try again',
    });
  }
  const keyring =
    source.signedBy !== undefined && (await exists(source.signedBy)) ? source.signedBy : DEFAULT_KEYRING;
  return { uri: await resolveUri(source.uri), keyring };
}

/** Every `deb` source of the host's apt configuration, in apt's order. */
export async function readAptSources(etc: string = '/etc/apt'): Promise<AptSource[]> {
  const sources = parseAptList((await readText(join(etc, 'sources.list'))) ?? '');
  const parts = join(etc, 'sources.list.d');
  for (const name of await listDirectory(parts)) {
    const text = (await readText(join(parts, name))) ?? '';
    if (name.endsWith('.list')) sources.push(...parseAptList(text));
    if (name.endsWith('.sources')) sources.push(...parseAptSources(text));
  }
  return sources;
}

/** A release's own suite with `main`: not the security archive, which holds updates only, and no third party's. */
function isDebianArchive(source: AptSource): boolean {
  const usable = /^(https?|file|copy|mirror\+file):/.test(source.uri);
  return (
    usable &&
    source.components.includes('main') &&
    source.suites.some((suite) => DEBIAN_SUITES.includes(suite))
  );
}

/** Debian's cloud images name a file with a list of mirrors (apt-transport-mirror(1)); its first one serves. */
async function resolveUri(uri: string): Promise<string> {
  const list = /^mirror\+file:(?:\/\/)?(\/.*)$/.exec(uri)?.[1];
  if (list === undefined) return withoutSlash(uri);
  const text = (await readText(list)) ?? '';
  const first = text
    .split('\n')
    .map((line) => line.trim().split(/\s+/)[0] ?? '')
    .find((line) => line !== '' && !line.startsWith('#'));
  if (first === undefined) {
    throw berthError('host-setup-failed', `the list of mirrors ${list} names none`, {
      remedy: 'set BERTH_DEBIAN_MIRROR to the base URL of a Debian mirror and try again',
    });
  }
  return withoutSlash(first);
}

function withoutSlash(uri: string): string {
  return uri.replace(/\/+$/, '');
}
