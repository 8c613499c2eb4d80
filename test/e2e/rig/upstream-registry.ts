import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { output, StreamingProgram } from './program.ts';

const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
const START_TIMEOUT_MS = 15_000;

export const USER = 'ann';
export const PASSWORD = 'pa55-of-the-registry';

/** A real registry on loopback: on one port for everybody, by plain HTTP; on another by TLS of a private CA, with a password. */
export class UpstreamRegistry implements AsyncDisposable {
  /** `127.0.0.1:41001` */
  readonly open: string;
  readonly guarded: string;
  /** Certificate (PEM) that the guarded one is recognised by. */
  readonly ca: string;
  readonly #programs: readonly StreamingProgram[];

  private constructor(open: string, guarded: string, ca: string, programs: readonly StreamingProgram[]) {
    this.open = open;
    this.guarded = guarded;
    this.ca = ca;
    this.#programs = programs;
  }

  static async start(directory: string): Promise<UpstreamRegistry> {
    mkdirSync(directory, { recursive: true });
    const [open, guarded] = await Promise.all([freeAddress(), freeAddress()]);
    const { certificate, key } = await makeCertificate(directory);
    const passwords = join(directory, 'passwords');
    writeFileSync(passwords, `${USER}:${await bcrypt(PASSWORD)}\n`);
    const tls = { certificate, key };
    const auth = { htpasswd: { realm: 'berth', path: passwords } };
    const programs = [
      serve(directory, 'open', { http: { addr: open } }),
      serve(directory, 'guarded', { http: { addr: guarded, tls }, auth }),
    ];
    const registry = new UpstreamRegistry(open, guarded, certificate, programs);
    await registry.#started();
    return registry;
  }

  /** Puts an image of one layer into it. */
  async push(repository: string, tag: string, config: Buffer, layer: Buffer): Promise<void> {
    for (const blob of [config, layer]) await this.#pushBlob(repository, blob);
    const part = (blob: Buffer, mediaType: string) => ({
      mediaType,
      size: blob.length,
      digest: digestOf(blob),
    });
    const manifest = {
      ...{ schemaVersion: 2, mediaType: MANIFEST },
      config: part(config, 'application/vnd.docker.container.image.v1+json'),
      layers: [part(layer, 'application/vnd.docker.image.rootfs.diff.tar')],
    };
    await this.#put(
      `http://${this.open}/v2/${repository}/manifests/${tag}`,
      JSON.stringify(manifest),
      MANIFEST,
    );
  }

  /** Ends both. May be called twice. */
  async stop(): Promise<void> {
    for (const program of this.#programs) program.kill('SIGKILL');
    await Promise.all(this.#programs.map(({ ended }) => ended));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #pushBlob(repository: string, blob: Buffer): Promise<void> {
    const begun = await fetch(`http://${this.open}/v2/${repository}/blobs/uploads/`, { method: 'POST' });
    const url = new URL(begun.headers.get('location') ?? '');
    url.searchParams.set('digest', digestOf(blob));
    await this.#put(url.href, blob, 'application/octet-stream');
  }

  async #put(url: string, body: string | Buffer, type: string): Promise<void> {
    const bytes = typeof body === 'string' ? body : new Uint8Array(body);
    const response = await fetch(url, { method: 'PUT', body: bytes, headers: { 'content-type': type } });
    if (response.status !== 201)
      throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  }

  async #started(): Promise<void> {
    const until = performance.now() + START_TIMEOUT_MS;
    for (;;) {
      const answered = await fetch(`http://${this.open}/v2/`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (answered) return;
      if (performance.now() > until)
        throw new Error(
          `the registry does not start: ${this.#programs.map(({ stderr }) => stderr).join('\n')}`,
        );
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

function serve(directory: string, name: string, rest: object): StreamingProgram {
  const path = join(directory, `${name}.yml`);
  const storage = { filesystem: { rootdirectory: join(directory, 'data') } };
  writeFileSync(path, JSON.stringify({ version: '0.1', log: { level: 'error' }, storage, ...rest }));
  return new StreamingProgram(['docker-registry', 'serve', path]);
}

async function makeCertificate(directory: string): Promise<{ certificate: string; key: string }> {
  const certificate = join(directory, 'ca.pem');
  const key = join(directory, 'key.pem');
  const names = ['-subj', '/CN=registry of the test', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  await output(['openssl', 'req', ...kind, '-keyout', key, '-out', certificate, ...names]);
  return { certificate, key };
}

/** Perl's `crypt` is that of the C library, which knows bcrypt. */
async function bcrypt(password: string): Promise<string> {
  return output(['perl', '-e', 'print crypt($ARGV[0], q($2b$05$abcdefghijklmnopqrstuu))', password]);
}

/** The layer and configuration that `makeTinyImage` has left in a directory. */
export function tinyParts(directory: string): { readonly config: Buffer; readonly layer: Buffer } {
  return {
    config: readFileSync(join(directory, 'config.json')),
    layer: readFileSync(join(directory, 'layer.tar')),
  };
}

export function digestOf(bytes: Buffer | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

async function freeAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port is free');
  return `127.0.0.1:${address.port}`;
}
