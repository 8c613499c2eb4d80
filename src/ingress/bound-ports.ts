import { boundSockets, normalizeAddress } from '../host/index.ts';
import type { PublishedPort } from '../model/index.ts';

type Place = Pick<PublishedPort, 'hostAddress' | 'hostPort' | 'protocol'>;

/** Reads which ports of the host somebody listens on; the result tells of each whether it is among them, at exactly its address. */
export async function boundPorts(): Promise<(port: Place) => boolean> {
  const [tcp, udp] = await Promise.all([boundSockets('tcp'), boundSockets('udp')]);
  const keys = new Set([
    ...tcp.map(({ address, port }) => `tcp ${address} ${port}`),
    ...udp.map(({ address, port }) => `udp ${address} ${port}`),
  ]);
  return ({ protocol, hostAddress, hostPort }) =>
    keys.has(`${protocol} ${normalizeAddress(hostAddress)} ${hostPort}`);
}
