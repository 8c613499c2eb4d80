import type { HandlersOf } from '../call.ts';
import type { CacheService } from '../services.ts';

export function cacheHandlers(cache: CacheService): HandlersOf<'cache'> {
  return {
    'cache.list': () => cache.list(),
    'cache.prune': ({ body, start }) => cache.prune(body, start),
    'cache.needed': ({ body }) => cache.needed(body),
  };
}
