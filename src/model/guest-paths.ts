/** Trees that belong to a machine's own system: nothing of the host may lie in them. */
const OWN_TREES = [
  '/bin',
  '/boot',
  '/dev',
  '/etc',
  '/lib',
  '/lib32',
  '/lib64',
  '/libx32',
  '/lost+found',
  '/proc',
  '/root/.ssh',
  '/run',
  '/sbin',
  '/sys',
  '/usr',
  '/var/cache',
  '/var/lib/apt',
  '/var/lib/berth',
  '/var/lib/cni',
  '/var/lib/containers',
  '/var/lib/dpkg',
  '/var/lib/systemd',
  '/var/lock',
  '/var/log',
  '/var/run',
  '/var/spool',
];

/** Directories of which a machine has its own, while other directories below them are free. */
const OWN_DIRECTORIES = ['/', '/var', '/var/lib'];

/**
 * The part of a machine's own system to which an absolute, clean path belongs; undefined for a path at which a machine
 * may have a directory of the host.
 */
export function reservedGuestPath(path: string): string | undefined {
  return OWN_DIRECTORIES.includes(path) ? path : OWN_TREES.find((tree) => isWithin(path, tree));
}

/** Parts of a machine's own system that lie below a directory which is itself free: `/root/.ssh` in `/root`. */
export function reservedWithin(directory: string): readonly string[] {
  return OWN_TREES.filter((tree) => isWithin(tree, directory));
}

/** True when an absolute, clean path is `directory` or lies below it. */
export function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory.endsWith('/') ? directory : `${directory}/`);
}
