import type { Connection, ConnectionOptions } from './transport/connection.ts';

export type { Connection, ConnectionOptions };

/** Connects to the daemon of this home, starting it where that is allowed. The client is read in only now. */
export async function openConnection(options: ConnectionOptions): Promise<Connection> {
  const { openConnection: open } = await import('./transport/connection.ts');
  return open(options);
}
