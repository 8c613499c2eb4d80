import type { Route } from '../route.ts';
import { cacheRoutes } from './cache.ts';
import { capacityRoutes } from './capacity.ts';
import { daemonRoutes } from './daemon.ts';
import { doctorRoutes } from './doctor.ts';
import { environmentRoutes } from './environments.ts';
import { hostRoutes } from './host.ts';
import { imageRoutes } from './images.ts';
import { operationRoutes } from './operations.ts';
import { templateRoutes } from './templates.ts';
import { volumeRoutes } from './volumes.ts';

/** Every route of the API by its id; the ids are the operation ids of the OpenAPI document. */
export const routes = {
  ...daemonRoutes,
  ...doctorRoutes,
  ...hostRoutes,
  ...capacityRoutes,
  ...imageRoutes,
  ...cacheRoutes,
  ...templateRoutes,
  ...environmentRoutes,
  ...volumeRoutes,
  ...operationRoutes,
} as const satisfies Record<string, Route>;

export type Routes = typeof routes;
export type RouteId = keyof Routes;
