import { exists, readText } from '../../host/index.ts';
import { type Check, fine, problem } from '../check.ts';

interface Feature {
  readonly name: string;
  readonly why: string;
  present(): Promise<boolean>;
}

const FEATURES: readonly Feature[] = [
  {
    name: 'network namespaces',
    why: 'each environment has a network of its own',
    present: () => exists('/proc/self/ns/net'),
  },
  {
    name: 'seccomp',
    why: 'QEMU is confined by it',
    present: async () => /^Seccomp:/m.test((await readText('/proc/self/status')) ?? ''),
  },
  {
    name: 'IPv4 forwarding',
    why: 'guests reach the network through the host',
    present: () => exists('/proc/sys/net/ipv4/ip_forward'),
  },
  {
    name: 'overlay file systems',
    why: 'image builds use them where they can',
    present: async () =>
      /\boverlay$/m.test((await readText('/proc/filesystems')) ?? '') || (await hasModule('overlay')),
  },
];

/** True when the running kernel has a module of this name loaded or built in. */
async function hasModule(name: string): Promise<boolean> {
  return exists(`/sys/module/${name}`);
}

/** What the kernel must have been built with. What needs a program or a device to be seen has checks of its own. */
export const checkKernel: Check = async () => {
  const missing: Feature[] = [];
  for (const feature of FEATURES) if (!(await feature.present())) missing.push(feature);
  if (missing.length === 0) {
    return [fine('kernel', `the kernel has ${FEATURES.map(({ name }) => name).join(', ')}`)];
  }
  return missing.map(({ name, why }) => {
    const level = name.startsWith('overlay') ? 'warning' : 'error';
    return problem('kernel', level, `the kernel has no ${name}: ${why}`, 'boot a kernel of the distribution');
  });
};
