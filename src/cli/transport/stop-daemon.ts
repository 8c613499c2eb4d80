import type { Client } from '../../client/index.ts';
import { berthError } from '../../errors/index.ts';
import { identify, waitForExit } from '../../host/index.ts';

/** Stops the daemon and waits until its process is gone; gives its process id. Throws `daemon-timeout`. */
export async function stopDaemon(client: Client, options: { readonly timeoutMs: number }): Promise<number> {
  const { pid } = await client.daemon.status();
  const identity = identify(pid);
  await client.daemon.stop();
  if (identity === undefined || (await waitForExit(identity, { timeoutMs: options.timeoutMs }))) return pid;
  throw berthError('daemon-timeout', `The daemon (process ${pid}) was asked to stop and still runs`, {
    remedy: `Wait for it, or end it with kill ${pid}; machines go on.`,
  });
}
