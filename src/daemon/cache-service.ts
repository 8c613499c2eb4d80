import type { CachePruneRequest, RegistriesRequest } from '../contract/index.ts';
import { type Context, registriesOf } from '../environments/index.ts';
import type { ImageCache, Operation } from '../model/index.ts';
import type { CacheService } from '../server/index.ts';

const DEFAULT_AGE_MS = 30 * 86_400_000;

/** The caches of container images as the API shows them. */
export class CacheOperations implements CacheService {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  list(): Promise<readonly ImageCache[]> {
    return this.#context.registries.list();
  }

  async prune(request: CachePruneRequest, options: { readonly idempotencyKey?: string }): Promise<Operation> {
    const { registries, operations } = this.#context;
    const before =
      request.all === true ? 'all' : new Date(Date.now() - (request.olderThanMs ?? DEFAULT_AGE_MS));
    const caches = await registries.list();
    return operations.start(
      'cache-prune',
      caches.map(({ id }) => id),
      request,
      async (operation) => {
        const names: string[] = [];
        for (const { id } of caches) {
          names.push(
            ...(await operation.step(`prune-${id}`, `clear out ${id}`, () =>
              registries.prune(id, before, operation.signal),
            )),
          );
        }
        return { names };
      },
      options,
    );
  }

  async needed({ files, variables }: RegistriesRequest): Promise<readonly string[]> {
    return registriesOf(files, variables);
  }
}
