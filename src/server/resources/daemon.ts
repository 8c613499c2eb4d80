import type { HandlersOf } from '../call.ts';
import type { DaemonService } from '../services.ts';

export function daemonHandlers(daemon: DaemonService): HandlersOf<'version' | 'daemon' | 'purge'> {
  return {
    'version.get': () => daemon.version(),
    'daemon.get': () => daemon.status(),
    // The stop itself is asked for when the answer has been sent: see `create-server.ts`.
    'daemon.stop': async () => undefined,
    'purge.create': ({ body, start }) => daemon.purge(body, start),
  };
}
