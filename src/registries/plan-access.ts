import { DEFAULT_REGISTRY } from '../model/index.ts';
import type { RegistryCredential } from './credential.ts';
import type { CachedRegistry } from './guest-configuration.ts';
import { type AllRegistrySettings, settingsOf } from './settings.ts';

/** Registries that everybody pulls from now and then; their caches are there for every environment. */
export const WELL_KNOWN_REGISTRIES: readonly string[] = [
  DEFAULT_REGISTRY,
  'gcr.io',
  'ghcr.io',
  'mcr.microsoft.com',
  'public.ecr.aws',
  'quay.io',
  'registry.access.redhat.com',
  'registry.gitlab.com',
  'registry.k8s.io',
];

/** A name without a port that means the guest's own images to Podman. */
const LOCAL_IMAGES = 'localhost';

/** Which caches an environment may read: those of the registries that its project names, and of the well-known ones. */
export function planAccess(o: {
  readonly registries: readonly string[];
  readonly credentials: readonly RegistryCredential[];
  readonly settings: AllRegistrySettings;
  idOf(registry: string, credential: RegistryCredential | undefined): string;
}): CachedRegistry[] {
  const named = new Set([...WELL_KNOWN_REGISTRIES, ...o.settings.keys(), ...o.registries]);
  named.delete(LOCAL_IMAGES);
  return [...named].map((registry) => {
    // What it named itself is asked with the user's credentials; nobody's images of elsewhere are fetched with them.
    const credential = o.registries.includes(registry)
      ? o.credentials.find((one) => one.registry === registry)
      : undefined;
    return {
      registry,
      cache: o.idOf(registry, credential),
      insecure: settingsOf(o.settings, registry).insecure,
    };
  });
}
