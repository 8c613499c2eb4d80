import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { UpstreamTiming } from '../../../src/registries/upstream.ts';

/** Short waits, so that a test of time-outs takes no time. */
export const QUICK: UpstreamTiming = {
  ...{ connectMs: 2_000, headersMs: 300, bodyMs: 300 },
  ...{ backOffMs: [5, 10, 20], budgetMs: 5_000, maxRetryAfterMs: 1_000, restMs: 0 },
};

export const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';

export function digestOf(bytes: string | Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** A registry on loopback that does what a test wants of it. */
export class FakeRegistry implements AsyncDisposable {
  readonly requests: IncomingMessage[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(
    answer: (request: IncomingMessage, response: ServerResponse, count: number) => void,
  ): Promise<FakeRegistry> {
    const server = createServer();
    const fake = new FakeRegistry(server);
    server.on('request', (request, response) => {
      fake.requests.push(request);
      answer(request, response, fake.requests.length);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return fake;
  }

  /** `127.0.0.1:41234` */
  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get url(): string {
    return `http://${this.host}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
