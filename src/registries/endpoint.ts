import { DEFAULT_REGISTRY, isLoopbackRegistry } from '../model/index.ts';
import type { Neighbour, Trust } from './http-door.ts';
import type { RegistrySettings } from './settings.ts';

/** A server that can be asked for what a registry has. */
export interface Endpoint {
  /** Without a path, or with the mirror's; no slash at the end. */
  readonly url: string;
  readonly trust: Trust;
  readonly neighbour: Neighbour;
  /** Credentials are for the registry itself, never for a mirror of it. */
  readonly isMirror: boolean;
}

/** Docker Hub's own server is not at its name. */
const SERVERS: Readonly<Record<string, string>> = { [DEFAULT_REGISTRY]: `registry-1.${DEFAULT_REGISTRY}` };
const SYSTEM_TRUST: Trust = { ca: [], insecure: false };

/**
 * The servers of a registry in the order in which they are asked. One that may be reached without certificates is tried by
 * HTTPS first, then by plain HTTP, as Docker does; so are those of this host.
 */
export function endpointsOf(
  registry: string,
  settings: RegistrySettings,
  certificates: readonly string[],
): Endpoint[] {
  const mirrors = settings.mirrors.map(
    (url): Endpoint => ({
      url,
      trust: SYSTEM_TRUST,
      neighbour: neighbourOf(new URL(url).host),
      isMirror: true,
    }),
  );
  const host = SERVERS[registry] ?? registry;
  const insecure = settings.insecure || (isLoopbackRegistry(registry) && certificates.length === 0);
  const own = {
    trust: { ca: certificates, insecure },
    neighbour: neighbourOf(host),
    isMirror: false,
  };
  const schemes = insecure ? ['https', 'http'] : ['https'];
  return [...mirrors, ...schemes.map((scheme): Endpoint => ({ ...own, url: `${scheme}://${host}` }))];
}

function neighbourOf(host: string): Neighbour {
  return isLoopbackRegistry(host) ? 'own-host' : 'registry';
}
