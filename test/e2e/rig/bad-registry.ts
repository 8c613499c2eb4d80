import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { digestOf } from './upstream-registry.ts';

const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
const CONFIG = Buffer.from('{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}');
const LAYER_SIZE = 100_000;

/** A registry on loopback that misbehaves, each repository in its own way. */
export class BadRegistry implements AsyncDisposable {
  readonly host: string;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(): Promise<BadRegistry> {
    const server = createServer((request, response) => answer(request.url ?? '', response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new BadRegistry(server);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function answer(path: string, response: ServerResponse): void {
  const [, kind = '', thing = '', reference = ''] = /^\/v2\/bad\/([a-z]+)\/([a-z]+)\/(.+)$/.exec(path) ?? [];
  if (kind === 'garbage') response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Log in</html>');
  else if (kind === 'limited') response.writeHead(429, { 'retry-after': '1800' }).end();
  else if (kind === 'cut') response.destroy();
  else if (kind !== 'tampered') response.writeHead(path === '/v2/' ? 200 : 404).end();
  else if (thing === 'manifests') sendManifest(response);
  else if (reference === digestOf(CONFIG)) response.end(CONFIG);
  // Of the right length, and not what it should be.
  else response.end(Buffer.alloc(LAYER_SIZE, 'x'));
}

function sendManifest(response: ServerResponse): void {
  const manifest = JSON.stringify({
    ...{ schemaVersion: 2, mediaType: MANIFEST },
    config: {
      ...{ mediaType: 'application/vnd.docker.container.image.v1+json' },
      ...{ size: CONFIG.length, digest: digestOf(CONFIG) },
    },
    layers: [
      {
        ...{ mediaType: 'application/vnd.docker.image.rootfs.diff.tar' },
        ...{ size: LAYER_SIZE, digest: digestOf(Buffer.alloc(LAYER_SIZE, 'y')) },
      },
    ],
  });
  response.writeHead(200, { 'content-type': MANIFEST, 'content-length': manifest.length }).end(manifest);
}
