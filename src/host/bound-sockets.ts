import { readText } from './files.ts';
import { type BoundSocket, parseSocketTable } from './socket-table.ts';

/** All sockets of this network namespace that listen (TCP) or are bound (UDP). */
export async function boundSockets(protocol: 'tcp' | 'udp'): Promise<BoundSocket[]> {
  const tables = await Promise.all(
    [protocol, `${protocol}6`].map(async (table) => (await readText(`/proc/net/${table}`)) ?? ''),
  );
  return tables.flatMap((text) => parseSocketTable(text, protocol));
}
