import type { Handlers } from '../call.ts';
import type { Services } from '../services.ts';
import { cacheHandlers } from './cache.ts';
import { capacityHandlers } from './capacity.ts';
import { daemonHandlers } from './daemon.ts';
import { doctorHandlers } from './doctor.ts';
import { environmentHandlers } from './environments.ts';
import { eventHandlers } from './events.ts';
import { hostHandlers } from './host.ts';
import { imageHandlers } from './images.ts';
import { operationHandlers } from './operations.ts';
import { templateHandlers } from './templates.ts';
import { volumeHandlers } from './volumes.ts';

export function allHandlers(services: Services): Handlers {
  return {
    ...daemonHandlers(services.daemon),
    ...eventHandlers(services.events),
    ...doctorHandlers(services.doctor),
    ...hostHandlers(services.host),
    ...capacityHandlers(services.capacity),
    ...imageHandlers(services.images),
    ...cacheHandlers(services.cache),
    ...templateHandlers(services.templates),
    ...environmentHandlers(services.environments),
    ...volumeHandlers(services.volumes),
    ...operationHandlers(services.operations),
  };
}
