import type { HandlersOf } from '../call.ts';
import type { CapacityService } from '../services.ts';

export function capacityHandlers(capacity: CapacityService): HandlersOf<'capacity'> {
  return {
    'capacity.get': ({ query, signal }) => capacity.report(query, signal),
  };
}
