import { isLoopbackRegistry } from '../model/index.ts';

/** A registry with the cache that stands before it. */
export interface CachedRegistry {
  readonly registry: string;
  /** Id of the cache. */
  readonly cache: string;
  /** The guest may go to the registry itself over an insecure connection, as this host does. */
  readonly insecure: boolean;
}

/** Where the file lies in a guest; Podman reads all in that directory. */
export const GUEST_CONFIGURATION = '/etc/containers/registries.conf.d/berth-cache.conf';

/**
 * Configuration of the guest's container engine (containers-registries.conf(5)): the caches are asked first, the registries
 * themselves after them. What the user calls `localhost:5000` is a registry on this host, so there the cache is all there is.
 * @param front where the caches are reached from within a guest: `100.64.0.1:5000`
 */
export function guestConfiguration(front: string, registries: readonly CachedRegistry[]): string {
  const sorted = registries.toSorted((a, b) => (a.registry < b.registry ? -1 : 1));
  return `# Written by Berth: images come through the cache of the host.\n${sorted
    .map((one) => sectionOf(front, one))
    .join('')}`;
}

function sectionOf(front: string, { registry, cache, insecure }: CachedRegistry): string {
  const place = `${front}/${cache}`;
  const head = `\n[[registry]]\nprefix = ${quote(registry)}\n`;
  if (isLoopbackRegistry(registry)) return `${head}location = ${quote(place)}\ninsecure = true\n`;
  const own = `location = ${quote(registry)}\ninsecure = ${insecure}\n`;
  return `${head}${own}\n[[registry.mirror]]\nlocation = ${quote(place)}\ninsecure = true\n`;
}

/** A TOML string; hosts and ids hold nothing that would have to be escaped, and this makes sure of it. */
function quote(text: string): string {
  return JSON.stringify(text);
}
