import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, isIPv6 } from 'node:net';
import { type BerthError, berthError } from '../errors/index.ts';
import { portHolder, systemCode } from '../host/index.ts';
import type { Problem, PublishedPort } from '../model/index.ts';

/** A port that cannot be opened: what to tell, and whether the address or the port is at fault. */
export interface TakenPort {
  readonly code: 'port-in-use' | 'address-unavailable';
  readonly problem: Problem;
}

/** Opens a port and closes it again; gives why it cannot be had, or undefined when it can. */
export async function tryPort(port: PublishedPort): Promise<TakenPort | undefined> {
  try {
    await (port.protocol === 'udp' ? tryUdp(port) : tryTcp(port));
    return undefined;
  } catch (error) {
    return explainPort(port, error);
  }
}

/** Why listening on a port failed, with the process that holds it. */
export async function explainPort(port: PublishedPort, error: unknown): Promise<TakenPort> {
  const code = systemCode(error);
  if (code === 'EADDRINUSE') {
    const holder = await portHolder(port.hostAddress, port.hostPort, port.protocol);
    const by = holder === undefined ? 'another process' : `process ${holder.pid} (${holder.command})`;
    return takenBy(port, by);
  }
  const reasons: Record<string, string> = {
    EADDRNOTAVAIL: `${port.hostAddress} is not an address of this host`,
    EINVAL: `${port.hostAddress} is not an address that can be listened on`,
    EACCES: `opening ${describePort(port)} is not permitted`,
  };
  const message = reasons[code ?? ''] ?? `${describePort(port)} cannot be opened: ${String(error)}`;
  return { code: 'address-unavailable', problem: { path: pathOf(port), message } };
}

/** A port that `holder` has. */
export function takenBy(port: PublishedPort, holder: string): TakenPort {
  return {
    code: 'port-in-use',
    problem: { path: pathOf(port), message: `${describePort(port)} is held by ${holder}` },
  };
}

/** One error for all ports that cannot be had. */
export function takenPortsError(taken: readonly TakenPort[]): BerthError {
  const problems = taken.map(({ problem }) => problem);
  const code = taken.find((port) => port.code === 'port-in-use')?.code ?? 'address-unavailable';
  const facts = problems.map(({ message }) => message).join('; ');
  return berthError(
    code,
    taken.length === 1 ? facts : `${taken.length} ports cannot be published: ${facts}`,
    {
      problems,
    },
  );
}

/** `127.88.0.5:8080/tcp`. */
export function describePort(port: Pick<PublishedPort, 'hostAddress' | 'hostPort' | 'protocol'>): string {
  const address = isIPv6(port.hostAddress) ? `[${port.hostAddress}]` : port.hostAddress;
  return `${address}:${port.hostPort}/${port.protocol}`;
}

function pathOf(port: PublishedPort): string {
  return `services.${port.service}.ports`;
}

async function tryTcp({ hostAddress, hostPort }: PublishedPort): Promise<void> {
  const server = createServer();
  server.listen({ host: hostAddress, port: hostPort, exclusive: true });
  await once(server, 'listening');
  const closed = once(server, 'close');
  server.close();
  await closed;
}

async function tryUdp({ hostAddress, hostPort }: PublishedPort): Promise<void> {
  const socket = createSocket(isIPv6(hostAddress) ? 'udp6' : 'udp4');
  socket.bind({ address: hostAddress, port: hostPort, exclusive: true });
  try {
    await once(socket, 'listening');
  } finally {
    await new Promise<void>((resolve) => socket.close(() => resolve()));
  }
}
