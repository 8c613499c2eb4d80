import { join } from 'node:path';
import { ensureDirectory, moveFile, run, sha256File, writeAtomic } from '../../../src/host/index.ts';

/** Owner of the volume's directory: the user that the store runs as. */
const DATA_OWNER = 999;

export interface ArchiveOptions {
  /** Root directory of the image. */
  readonly root: string;
  /** Directory for files in between, on the file system of `archive`. */
  readonly work: string;
  readonly archive: string;
  readonly tag: string;
  readonly signal: AbortSignal;
}

/** Writes an image of one layer as `docker save` would; the same root gives the same bytes, whoever runs it. */
export async function writeDockerArchive(o: ArchiveOptions): Promise<void> {
  const layer = join(o.work, 'layer.tar');
  const data = join(o.work, 'data');
  await ensureDirectory(join(data, 'data'), { mode: 0o755 });
  await tar(['-cf', layer, ...owner(0), '-C', o.root, '.'], o.signal);
  await tar(['-rf', layer, ...owner(DATA_OWNER), '-C', data, './data'], o.signal);
  const config = {
    architecture: 'amd64',
    os: 'linux',
    created: '1970-01-01T00:00:00Z',
    config: {
      Env: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'],
      Cmd: ['/shop/web'],
      ExposedPorts: { '80/tcp': {} },
      WorkingDir: '/',
      StopSignal: 'SIGTERM',
    },
    rootfs: { type: 'layers', diff_ids: [`sha256:${await sha256File(layer, o)}`] },
    history: [{ created: '1970-01-01T00:00:00Z', created_by: 'examples/shop/make-images.ts' }],
  };
  const manifest = [{ Config: 'config.json', RepoTags: [o.tag], Layers: ['layer.tar'] }];
  await writeAtomic(join(o.work, 'config.json'), JSON.stringify(config));
  await writeAtomic(join(o.work, 'manifest.json'), JSON.stringify(manifest));
  const image = join(o.work, 'image.tar');
  // The manifest first: a reader knows what comes before it comes.
  await tar(['-cf', image, ...owner(0), '-C', o.work, 'manifest.json', 'config.json', 'layer.tar'], o.signal);
  await moveFile(image, o.archive);
}

async function tar(arguments_: readonly string[], signal: AbortSignal): Promise<void> {
  await run(['tar', ...arguments_], { timeoutMs: 120_000, signal });
}

function owner(id: number): string[] {
  return ['--sort=name', '--mtime=@0', `--owner=${id}`, `--group=${id}`, '--numeric-owner', '--format=gnu'];
}
