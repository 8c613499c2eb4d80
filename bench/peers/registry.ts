import { createHash, randomBytes } from 'node:crypto';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { berthError } from '../../src/errors/index.ts';
import { run } from '../../src/host/index.ts';
import { freePort, Server } from './server.ts';

const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
const MIB = 1024 ** 2;

/** A registry on loopback with one image in it, as far away as a registry can be without a network. */
export interface ImageRegistry extends AsyncDisposable {
  /** `127.0.0.1:41001/bench/bulk:1` */
  readonly image: string;
}

/** Starts the registry in an empty directory; the image is of `sizeBytes` that cannot be compressed, and has busybox in it. */
export async function startRegistry(
  directory: string,
  o: { readonly sizeBytes: number; readonly signal: AbortSignal },
): Promise<ImageRegistry> {
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const configuration = join(directory, 'registry.json');
  await writeFile(
    configuration,
    JSON.stringify({
      version: '0.1',
      log: { level: 'error', accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: join(directory, 'storage') } },
      http: { addr: address },
    }),
  );
  const server = await Server.start(['docker-registry', 'serve', configuration], { port, signal: o.signal });
  try {
    await push(`http://${address}/v2/bench/bulk`, await bulkLayer(directory, o));
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
  return {
    image: `${address}/bench/bulk:1`,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function bulkLayer(
  directory: string,
  o: { readonly sizeBytes: number; readonly signal: AbortSignal },
): Promise<Uint8Array<ArrayBuffer>> {
  const files = join(directory, 'layer');
  const parts = Math.ceil(o.sizeBytes / MIB);
  await mkdir(join(files, 'bin'), { recursive: true });
  await copyFile('/bin/busybox', join(files, 'bin/busybox'));
  for (let index = 0; index < parts; index++)
    await writeFile(join(files, `part${index}`), randomBytes(Math.min(MIB, o.sizeBytes - index * MIB)));
  const archive = join(directory, 'layer.tar');
  await run(['tar', '-C', files, '--owner=0', '--group=0', '-cf', archive, '.'], {
    timeoutMs: 60_000,
    signal: o.signal,
  });
  return new Uint8Array(await readFile(archive));
}

async function push(repository: string, layer: Uint8Array<ArrayBuffer>): Promise<void> {
  const config = new TextEncoder().encode(
    JSON.stringify({
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: 'linux',
      config: { Cmd: ['/bin/busybox', 'sleep', '86400'], StopSignal: 'SIGKILL' },
      rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
    }),
  );
  for (const blob of [config, layer]) {
    const begun = await fetch(`${repository}/blobs/uploads/`, { method: 'POST' });
    const url = new URL(begun.headers.get('location') ?? '');
    url.searchParams.set('digest', digestOf(blob));
    await put(url.href, blob, 'application/octet-stream');
  }
  const part = (blob: Uint8Array, mediaType: string) => ({
    ...{ mediaType, size: blob.length, digest: digestOf(blob) },
  });
  const manifest = {
    ...{ schemaVersion: 2, mediaType: MANIFEST },
    config: part(config, 'application/vnd.docker.container.image.v1+json'),
    layers: [part(layer, 'application/vnd.docker.image.rootfs.diff.tar')],
  };
  await put(`${repository}/manifests/1`, JSON.stringify(manifest), MANIFEST);
}

async function put(url: string, body: string | Uint8Array<ArrayBuffer>, type: string): Promise<void> {
  const response = await fetch(url, { method: 'PUT', body, headers: { 'content-type': type } });
  if (response.status !== 201)
    throw berthError('internal', `the bench's registry answered ${response.status} to PUT ${url}`);
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
