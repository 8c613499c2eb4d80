import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { output } from './program.ts';

/**
 * Makes an archive as `docker save` does of what is below `root`, which it removes. No container engine is needed. Gives the
 * archive's path.
 */
export async function packImage(
  root: string,
  archive: string,
  image: { readonly tag: string; readonly command: readonly string[] },
): Promise<string> {
  const directory = dirname(archive);
  const layerFile = join(directory, 'layer.tar');
  const owner = ['--owner=0', '--group=0', '--numeric-owner'];
  await output(['tar', '-C', root, ...owner, '-cf', layerFile, '.']);
  const layer = createHash('sha256').update(readFileSync(layerFile)).digest('hex');
  const config = {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: { Env: ['PATH=/bin:/usr/sbin'], Cmd: image.command, StopSignal: 'SIGKILL' },
    rootfs: { type: 'layers', diff_ids: [`sha256:${layer}`] },
  };
  const manifest = [{ Config: 'config.json', RepoTags: [image.tag], Layers: ['layer.tar'] }];
  writeFileSync(join(directory, 'config.json'), JSON.stringify(config));
  writeFileSync(join(directory, 'manifest.json'), JSON.stringify(manifest));
  await output(['tar', '-C', directory, '-cf', archive, 'manifest.json', 'config.json', 'layer.tar']);
  rmSync(root, { recursive: true, force: true });
  return archive;
}
