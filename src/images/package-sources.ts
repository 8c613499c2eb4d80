import type { AptSource, DebianMirror } from '../host/index.ts';

/** Where the guest's packages come from: what the build takes, and what the guest's apt will use. */
export interface PackageSources {
  /** Lines of sources.list(5). */
  readonly lines: readonly string[];
}

/**
 * The guest gets the kinds of archive that the host has: its mirror, and updates and security updates where the
 * host's apt configuration names them. `hostSources` is empty when the mirror was chosen by hand.
 */
export function packageSources(
  suite: string,
  components: readonly string[],
  mirror: DebianMirror,
  hostSources: readonly AptSource[],
): PackageSources {
  const parts = components.join(' ');
  const lines = [`deb ${mirror.uri} ${suite} ${parts}`];
  const debian = hostSources.filter((source) => source.components.includes('main'));
  const has = (source: AptSource, ending: string): boolean =>
    source.suites.some((name) => name.endsWith(ending));
  if (debian.some((source) => has(source, '-updates')))
    lines.push(`deb ${mirror.uri} ${suite}-updates ${parts}`);
  const security = debian.find((source) => has(source, '-security') && /^https?:/.test(source.uri));
  if (security !== undefined)
    lines.push(`deb ${security.uri.replace(/\/+$/, '')} ${suite}-security ${parts}`);
  return { lines };
}
