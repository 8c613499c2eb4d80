import type { HandlersOf } from '../call.ts';
import type { HostService } from '../services.ts';

export function hostHandlers(host: HostService): HandlersOf<'host'> {
  return {
    'host.report': ({ signal }) => host.report(signal),
    'host.setup-plan': ({ signal }) => host.plan(signal),
    'host.setup': ({ body, start }) => host.setup(body, start),
  };
}
