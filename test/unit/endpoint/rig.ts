// An endpoint before an engine that each test makes of a few lines.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import {
  type ClientRequest,
  createServer,
  type IncomingMessage,
  request,
  type RequestOptions,
  type ServerResponse,
} from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { createEndpoints, type EndpointBackend, type Endpoints } from '../../../src/endpoint/index.ts';

const OWNER = { id: 'env-000000000001', name: 'shop' };

/** What a test's engine does. */
export interface EngineParts {
  readonly onRequest?: (incoming: IncomingMessage, answer: ServerResponse) => void;
  readonly onUpgrade?: (incoming: IncomingMessage, socket: Duplex, head: Buffer) => void;
  readonly backend?: Partial<EndpointBackend>;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** An endpoint, the engine behind it, and clients of it. */
export class Rig implements AsyncDisposable {
  readonly #directory = mkdtempSync(join(tmpdir(), 'berth-endpoint-'));
  readonly #server = createServer();
  /** Connections that the engine has now. */
  readonly connections = new Set<Socket>();
  /** The endpoint's streams to the engine that are not closed. */
  readonly streams = new Set<Duplex>();
  /** Connections that it ever had. */
  accepted = 0;
  endpoints: Endpoints | undefined;

  static async start(parts: EngineParts = {}): Promise<Rig> {
    const rig = new Rig();
    await rig.#start(parts);
    return rig;
  }

  async #start({ onRequest, onUpgrade, backend = {} }: EngineParts): Promise<void> {
    const engineSocket = join(this.#directory, 'engine');
    this.#server.on('connection', (socket: Socket) => {
      this.accepted += 1;
      this.connections.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => this.connections.delete(socket));
    });
    if (onRequest !== undefined) this.#server.on('request', onRequest);
    if (onUpgrade !== undefined) this.#server.on('upgrade', onUpgrade);
    this.#server.listen(engineSocket);
    await once(this.#server, 'listening');
    this.endpoints = await createEndpoints({
      directory: join(this.#directory, 'docker'),
      log: { warn: () => undefined },
    });
    await this.endpoints.open(OWNER, {
      engineSocket: async () => {
        const socket = connect({ path: engineSocket, allowHalfOpen: true });
        await once(socket, 'connect');
        // As the streams from a guest are: Node has ways of its own with its sockets.
        const stream = Duplex.from({ readable: socket, writable: socket });
        this.streams.add(stream);
        stream.once('close', () => this.streams.delete(stream));
        return stream;
      },
      portsSettled: async () => undefined,
      mountRefusal: async ({ path }) => (path === '/etc' ? '"/etc" is a path of the host' : undefined),
      ...backend,
    });
  }

  get path(): string {
    return join(this.#directory, 'docker/shop.sock');
  }

  request(options: RequestOptions): ClientRequest {
    return request({ socketPath: this.path, headers: { host: 'docker' }, ...options });
  }

  /** One request from start to end. */
  async call(method: string, path: string, body?: string | Buffer): Promise<Answer> {
    const outgoing = this.request({ method, path });
    outgoing.end(body);
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    return {
      status: incoming.statusCode ?? 0,
      headers: incoming.headers,
      body: Buffer.concat(chunks).toString(),
    };
  }

  /** A raw connection that keeps what it heard. */
  raw(): RawClient {
    return new RawClient(connect({ path: this.path, allowHalfOpen: true }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.endpoints?.closeAll();
    this.#server.close();
    this.#server.closeAllConnections();
    for (const socket of this.connections) socket.destroy();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** Bytes to and from an endpoint. */
export class RawClient {
  heard = '';
  readonly ended: Promise<void>;
  readonly socket: Socket;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      this.heard += text;
    });
    socket.on('error', () => undefined);
    this.ended = new Promise((resolve) => socket.once('end', resolve).once('close', resolve));
  }

  send(...lines: string[]): this {
    this.socket.write(lines.join('\r\n'));
    return this;
  }
}

/** The head of a request after which the connection is a program's. */
export function attachHead(length = 0): string[] {
  return [
    'POST /v1.41/containers/x/attach?stream=1 HTTP/1.1',
    'Host: docker',
    'Connection: Upgrade',
    'Upgrade: tcp',
    ...(length > 0 ? [`Content-Length: ${length}`] : []),
    '',
    '',
  ];
}
