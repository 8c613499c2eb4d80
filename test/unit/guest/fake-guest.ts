import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A unix socket on which a test plays the guest's part. */
export class FakeGuest implements AsyncDisposable {
  readonly path: string;
  readonly sockets: Socket[] = [];
  readonly #directory: string;
  #server: Server | undefined;

  private constructor(directory: string) {
    this.#directory = directory;
    this.path = join(directory, 'guest.sock');
  }

  static async create(): Promise<FakeGuest> {
    return new FakeGuest(await mkdtemp(join(tmpdir(), 'berth-guest-')));
  }

  /** Starts to listen; `onConnection` plays the guest. */
  async listen(onConnection: (socket: Socket) => void): Promise<this> {
    const server = createServer((socket) => {
      this.sockets.push(socket);
      socket.on('error', () => undefined);
      onConnection(socket);
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.path, resolve));
    return this;
  }

  /** Listens and answers each complete line that comes in. */
  lines(onLine: (line: string, socket: Socket) => void): Promise<this> {
    return this.listen((socket) => {
      let held = '';
      socket.setEncoding('latin1');
      socket.on('data', (chunk: string) => {
        const parts = (held + chunk).split('\n');
        held = parts.pop() ?? '';
        for (const line of parts) onLine(line, socket);
      });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise<void>((resolve) =>
      this.#server === undefined ? resolve() : this.#server.close(() => resolve()),
    );
    await rm(this.#directory, { recursive: true, force: true });
  }
}
