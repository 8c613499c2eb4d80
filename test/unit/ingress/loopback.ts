// Real sockets on addresses that nothing else uses.
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { PublishedPort } from '../../../src/model/index.ts';

/** Test files run side by side: each has addresses of its own. */
const network = `127.88.${randomInt(200, 255)}`;
const host = randomInt(1, 127) * 2;
/** Stands for the machine. */
export const MACHINE = `${network}.${host}`;
/** Where ports are published. */
export const PUBLIC = `${network}.${host + 1}`;

export class Loopback {
  readonly #servers: Server[] = [];
  readonly #sockets: Socket[] = [];

  /** A server in the machine; gives its port. */
  async serve(onConnection: (socket: Socket) => void, address = MACHINE, port = 0): Promise<number> {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      this.#sockets.push(socket);
      socket.on('error', () => undefined);
      onConnection(socket);
    });
    this.#servers.push(server);
    server.listen(port, address);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  /** A client's connection to a published port. */
  client(port: number, address = PUBLIC): Socket {
    const socket = connect({ host: address, port, allowHalfOpen: true });
    this.#sockets.push(socket);
    return socket;
  }

  /** A port that is free at the moment. */
  async freePort(address = PUBLIC): Promise<number> {
    const port = await this.serve(() => undefined, address);
    const server = this.#servers.pop();
    server?.close();
    if (server !== undefined) await once(server, 'close');
    return port;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    for (const server of this.#servers) server.close();
  }
}

/** A port of the service `web`. */
export function published(hostPort: number, more: Partial<PublishedPort> = {}): PublishedPort {
  return {
    service: 'web',
    protocol: 'tcp',
    hostAddress: PUBLIC,
    hostPort,
    guestPort: 80,
    containerPort: 80,
    ...more,
  };
}

/** All that a socket receives until its end; the code of the error when one ends it. */
export async function read(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of socket) chunks.push(chunk as Buffer);
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  }
  return Buffer.concat(chunks).toString();
}
