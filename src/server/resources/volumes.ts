import type { HandlersOf } from '../call.ts';
import type { VolumeService } from '../services.ts';

export function volumeHandlers(volumes: VolumeService): HandlersOf<'volumes'> {
  return {
    'volumes.list': ({ query, signal }) => volumes.list(query.environment, signal),
    'volumes.get': ({ params, query, signal }) =>
      volumes.get(params.name, params.volume, { kept: query.kept ?? false, signal }),
    'volumes.remove': async ({ params, query, signal }) => {
      await volumes.remove(params.name, params.volume, { kept: query.kept ?? false, signal });
      return undefined;
    },
    'volumes.export': ({ params, query, signal }) =>
      volumes.export(params.name, params.volume, { kept: query.kept ?? false, signal }),
    'volumes.import': ({ params, query, signal }) =>
      volumes.import(params.name, params.volume, { force: query.force ?? false, signal }),
  };
}
