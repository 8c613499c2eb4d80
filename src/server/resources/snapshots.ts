import type { HandlersOf } from '../call.ts';
import type { SnapshotService } from '../services.ts';

export function snapshotHandlers(snapshots: SnapshotService): HandlersOf<'snapshots'> {
  return {
    'snapshots.list': ({ query }) => snapshots.list(query.environment),
    'snapshots.create': ({ params, body, start }) => snapshots.create(params.name, body, start),
    'snapshots.restore': ({ params, body, start }) =>
      snapshots.restore(params.name, params.snapshot, body, start),
    'snapshots.diff': ({ params, query }) => snapshots.diff(params.name, params.snapshot, query.to),
    'snapshots.remove': async ({ params }) => {
      await snapshots.remove(params.name, params.snapshot);
      return undefined;
    },
  };
}
