import { chmodSync, copyFileSync, cpSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeDnsImage } from '../rig/dns-image.ts';
import { packImage } from '../rig/pack-image.ts';
import { workDirectory } from '../rig/tiny.ts';

/** Variables with which the projects are brought up. */
export const VARIABLES = {
  GIVEN: 'given',
  EMPTY: '',
  FROM_SHELL: 'shelled',
  TOKEN: 'secret',
  COMPOSE_PROFILES: 'debug',
};

const IMAGE = 'localhost/berth/facts:1';
const APPLETS = 'sh cat echo httpd ip mkdir sleep test touch true wget'.split(' ');
const USERS = 'root:x:0:0:root:/:/bin/sh\nmine:x:1234:2345::/tmp:/bin/sh\n';

/** Copies a project of this directory to where it is brought up, with the archive of its image. Gives the path of its file. */
export async function matrixProject(name: 'project' | 'pieces'): Promise<string> {
  const directory = workDirectory(`matrix-${name}`);
  cpSync(join(import.meta.dirname, name), directory, { recursive: true });
  if (name === 'pieces') copyFileSync('/bin/busybox', join(directory, 'web/busybox'));
  await makeImage(join(directory, 'facts.tar'));
  if (name === 'project')
    copyFileSync(await makeDnsImage(workDirectory('matrix-image')), join(directory, 'dns.tar'));
  return join(directory, 'compose.yaml');
}

async function makeImage(archive: string): Promise<void> {
  const root = join(workDirectory('matrix-image'), 'root');
  rmSync(root, { recursive: true, force: true });
  for (const path of ['bin', 'data', 'etc', 'tmp', 'nocopy', 'www'])
    mkdirSync(join(root, path), { recursive: true });
  chmodSync(join(root, 'tmp'), 0o777);
  copyFileSync('/bin/busybox', join(root, 'bin/busybox'));
  copyFileSync(join(import.meta.dirname, 'facts'), join(root, 'bin/facts'));
  chmodSync(join(root, 'bin/facts'), 0o755);
  for (const applet of APPLETS) symlinkSync('busybox', join(root, 'bin', applet));
  writeFileSync(join(root, 'etc/passwd'), USERS);
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\nmine:x:2345:\n');
  writeFileSync(join(root, 'www/index.html'), 'hello\n');
  writeFileSync(join(root, 'data/image.txt'), 'of the image\n');
  writeFileSync(join(root, 'nocopy/image.txt'), 'of the image\n');
  await packImage(root, archive, { tag: IMAGE, command: ['/bin/facts'] });
}
