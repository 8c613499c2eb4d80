import { chmodSync, copyFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sharedHome } from './home.ts';
import { packImage } from './pack-image.ts';

/** Tag of the smallest useful container image: a static busybox that is a web server. */
export const TINY_IMAGE = 'localhost/berth/tiny:1';

const APPLETS = 'sh cat ln mkdir rm touch echo httpd nc netstat nslookup wget wc dd ls sync sleep true'.split(
  ' ',
);

const COUNT_SCRIPT = `#!/bin/sh
printf 'Content-Type: text/plain\\r\\n\\r\\n'
count=$(($(cat /data/count 2>/dev/null || echo 0) + 1))
echo $count >/data/count
echo $count
`;

/** A directory for the test's own files, outside of BERTH_HOME and beside it. */
export function workDirectory(name: string): string {
  const directory = `${sharedHome()}.work/${name}`;
  mkdirSync(directory, { recursive: true });
  return directory;
}

/** Makes the archive of {@link TINY_IMAGE} in a directory, without any container engine. Gives its path. */
export async function makeTinyImage(directory: string): Promise<string> {
  const root = join(directory, 'root');
  rmSync(root, { recursive: true, force: true });
  for (const name of ['bin', 'data', 'tmp', 'www/cgi-bin']) mkdirSync(join(root, name), { recursive: true });
  copyFileSync('/bin/busybox', join(root, 'bin/busybox'));
  for (const applet of APPLETS) symlinkSync('busybox', join(root, 'bin', applet));
  writeFileSync(join(root, 'www/index.html'), 'hello\n');
  writeFileSync(join(root, 'www/cgi-bin/count'), COUNT_SCRIPT);
  chmodSync(join(root, 'www/cgi-bin/count'), 0o755);
  const command = ['httpd', '-f', '-p', '80', '-h', '/www'];
  return packImage(root, join(directory, 'tiny.tar'), { tag: TINY_IMAGE, command });
}

/** Compose reads `$` as a variable. */
const asCompose = (command: readonly string[]) => JSON.stringify(command).replaceAll('$', '$$$$');

/** Lines below `services:` for one service of the tiny image. */
export interface TinyService {
  readonly name: string;
  /** `host:container`. */
  readonly ports?: readonly string[];
  readonly command?: readonly string[];
  /** Further lines of YAML, indented by four. */
  readonly more?: string;
}

/** A Compose file of services that all run the tiny image, whose archive lies beside it. */
export function tinyCompose(services: readonly TinyService[], tail = ''): string {
  const lines = services.flatMap(({ name, ports = [], command, more }) => [
    `  ${name}:`,
    `    image: ${TINY_IMAGE}`,
    '    pull_policy: never',
    ...(command === undefined ? [] : [`    command: ${asCompose(command)}`]),
    ...(ports.length === 0 ? [] : [`    ports: ${JSON.stringify(ports)}`]),
    ...(more === undefined ? [] : [more]),
  ]);
  return `services:\n${lines.join('\n')}\nx-berth:\n  images: [tiny.tar]\n${tail}`;
}

/** The plainest of them: a web server on port 8080. */
export const TINY_WEB: TinyService = { name: 'web', ports: ['8080:80'] };

/** Writes a project of the tiny image into a directory of its own; gives the path of its Compose file. */
export async function tinyProject(
  name: string,
  services: readonly TinyService[] = [TINY_WEB],
): Promise<string> {
  const directory = workDirectory(name);
  await makeTinyImage(directory);
  const file = join(directory, 'compose.yaml');
  writeFileSync(file, tinyCompose(services));
  return file;
}
