import { posix } from 'node:path';
import { isWithin, reservedGuestPath } from '../model/index.ts';

/** Paths that every machine has: a bind mount of one of them means the machine's own. */
const MACHINE_PATHS = [
  '/dev',
  '/etc/localtime',
  '/etc/ssl',
  '/etc/timezone',
  '/lib/modules',
  '/proc',
  '/run',
  '/sys',
  '/tmp',
  '/usr/share/zoneinfo',
  '/var/lib/containers',
  '/var/log',
  '/var/run',
];

/**
 * Why a container may not mount an absolute path; undefined when it may. `mountable` are the directories (and files) of
 * the host that the machine has at the same path; paths of {@link MACHINE_PATHS} are the machine's own.
 */
export function mountRefusal(source: string, mountable: readonly string[]): string | undefined {
  const path = posix.normalize(source).replace(/(?<=.)\/+$/, '');
  if (mountable.some((directory) => isWithin(path, directory))) return undefined;
  if (path === '/' || MACHINE_PATHS.some((own) => isWithin(path, own))) return undefined;
  return hostPathRefusal(path, mountable);
}

/** Why a file of the host that is not among `mountable` cannot be used: what the machine has itself does not stand in for it. */
export function hostPathRefusal(path: string, mountable: readonly string[]): string {
  // Whole as a rule: it is part of the command to type.
  const shown = path.length > 400 ? `${path.slice(0, 400)}…` : path;
  const reserved = reservedGuestPath(path);
  if (reserved !== undefined) {
    return `"${shown}" is a path of this host, and at ${reserved} the machine has its own system: keep such files elsewhere, below /home or /srv for example`;
  }
  const has =
    mountable.length === 0
      ? 'the machine has no files of this host'
      : `of this host the machine has only ${mountable.join(', ')}`;
  return `"${shown}" is outside of the project, and ${has}: allow it with \`./berth up --allow-mount ${shown}\`, or use a named volume`;
}
