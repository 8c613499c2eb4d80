import { type Context, lookEach } from '../environments/index.ts';
import { fileKind } from '../host/index.ts';
import type { ListenOptions, Server } from '../server/index.ts';

const INTERVAL_MS = 2_000;

/** Opens the socket of the API again when its file was removed, as whoever cleans `/run` may do: without it nobody could even ask the daemon to end. */
export function keepSocket(
  context: Context,
  server: Server,
  path: string,
  options: ListenOptions,
): AsyncDisposable {
  return lookEach(INTERVAL_MS, context.log, 'the socket of the API could not be opened again', async () => {
    if ((await fileKind(path)) === 'socket') return;
    await server.listenAgain(path, options);
    context.events.append('host.repaired', 'api.sock', 'the socket of the API had gone and was opened again');
  });
}
