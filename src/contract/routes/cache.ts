import { Type } from 'typebox';
import type { Route } from '../route.ts';
import { list } from '../schemas/building-blocks.ts';
import {
  CachePruneRequestSchema,
  ImageCacheSchema,
  OperationSchema,
  RegistriesRequestSchema,
} from '../schemas/index.ts';

export const cacheRoutes = {
  'cache.list': {
    method: 'GET',
    path: '/cache',
    summary: 'List the caches of container images',
    status: 200,
    response: list(ImageCacheSchema),
    errors: [],
  },
  'cache.prune': {
    method: 'POST',
    path: '/cache/prune',
    summary: 'Take images out of the caches and free their disk space',
    description: 'The result names the images that went.',
    status: 202,
    body: CachePruneRequestSchema,
    response: OperationSchema,
    idempotent: true,
    errors: ['tool-missing'],
  },
  'cache.needed': {
    method: 'POST',
    path: '/registries/needed',
    summary: 'Name the registries that a Compose file pulls from',
    description: 'So that a client need send no credentials but those for them.',
    status: 200,
    body: RegistriesRequestSchema,
    response: list(Type.String()),
    errors: [],
  },
} as const satisfies Record<string, Route>;
