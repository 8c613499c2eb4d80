import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { packImage } from './pack-image.ts';
import { output } from './program.ts';

/** Tag of an image with Debian's dnsmasq in it. */
export const DNS_IMAGE = 'localhost/berth/dns:1';
/** The address that it answers for `berth.test` and all names below. */
export const DNS_ANSWER = '198.51.100.7';

const PROGRAM = '/usr/sbin/dnsmasq';

/** Makes the archive of {@link DNS_IMAGE} in a directory: the host's own dnsmasq with the libraries it needs. */
export async function makeDnsImage(directory: string): Promise<string> {
  const root = join(directory, 'dns-root');
  rmSync(root, { recursive: true, force: true });
  const libraries = (await output(['ldd', PROGRAM])).match(/\/\S+(?= \()/g) ?? [];
  for (const file of [PROGRAM, ...libraries]) {
    mkdirSync(join(root, dirname(file)), { recursive: true });
    copyFileSync(file, join(root, file));
  }
  for (const name of ['etc', 'run', 'tmp']) mkdirSync(join(root, name));
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/:/bin/sh\n');
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\n');
  const options = [
    '--keep-in-foreground',
    '--conf-file=/dev/null',
    '--no-resolv',
    '--no-hosts',
    '--pid-file=',
  ];
  const command = [PROGRAM, ...options, '--user=root', '--group=root', `--address=/berth.test/${DNS_ANSWER}`];
  return packImage(root, join(directory, 'dns.tar'), { tag: DNS_IMAGE, command });
}
