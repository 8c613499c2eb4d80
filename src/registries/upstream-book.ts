import type { Credential } from './credential.ts';
import { type Endpoint, endpointsOf } from './endpoint.ts';
import { registryCertificates } from './registry-certificates.ts';
import { type AllRegistrySettings, settingsOf } from './settings.ts';
import { Upstream, type UpstreamTiming } from './upstream.ts';

/** The registries outside that are in use, each with its tokens and connections; made anew when settings or credentials change. */
export class UpstreamBook {
  readonly #timing: UpstreamTiming | undefined;
  readonly #entries = new Map<string, { readonly made: string; readonly upstream: Upstream }>();

  constructor(timing: UpstreamTiming | undefined) {
    this.#timing = timing;
  }

  /** The servers of a registry. @throws `registries-invalid` when its certificates cannot be read */
  async endpoints(registry: string, settings: AllRegistrySettings): Promise<Endpoint[]> {
    const own = settingsOf(settings, registry);
    return endpointsOf(registry, own, await registryCertificates(registry, own.ca));
  }

  /** The registry as the cache of this id asks it. @throws `registries-invalid` */
  async of(
    id: string,
    registry: string,
    credential: Credential | undefined,
    settings: AllRegistrySettings,
  ): Promise<Upstream> {
    const endpoints = await this.endpoints(registry, settings);
    const made = JSON.stringify([endpoints, credential]);
    const known = this.#entries.get(id);
    if (known?.made === made) return known.upstream;
    known?.upstream[Symbol.dispose]();
    const timing = this.#timing === undefined ? {} : { timing: this.#timing };
    const upstream = new Upstream({ registry, endpoints, credential, ...timing });
    this.#entries.set(id, { made, upstream });
    return upstream;
  }

  /** Forgets tokens and connections of a cache. */
  drop(id: string): void {
    this.#entries.get(id)?.upstream[Symbol.dispose]();
    this.#entries.delete(id);
  }

  close(): void {
    for (const id of this.#entries.keys()) this.drop(id);
  }
}
