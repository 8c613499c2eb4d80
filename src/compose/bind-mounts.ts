import { checkKeys } from './check-keys.ts';
import { MOUNT_KEYS } from './keys.ts';
import type { ProblemList } from './problem-list.ts';
import { isText, textOf, type Value } from './value.ts';

const MOUNT_TYPES = ['bind', 'volume', 'tmpfs', 'cluster', 'npipe', 'image'];

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

/** Reads one entry of a service's `volumes`. Returns the name of the volume that it refers to, if any; refuses files of the host. */
export function readMount(value: Value, path: string, problems: ProblemList): string | undefined {
  if (value.kind === 'map') {
    checkKeys(value, path, MOUNT_KEYS, problems);
    return readLongMount(value, path, problems);
  }
  if (!isText(value) || value.kind !== 'string') {
    problems.add('invalid', path, 'must be "VOLUME:PATH" or a map with "type"', value.place.start);
    return undefined;
  }
  const [source = '', target] = value.text.split(':');
  if (target === undefined) return undefined;
  if (!isPath(source)) return source;
  refuseHostPath(source, path, problems, value.place.start);
  return undefined;
}

function readLongMount(value: Value, path: string, problems: ProblemList): string | undefined {
  const type = textOf(value, 'type');
  if (type === undefined || !MOUNT_TYPES.includes(type)) {
    problems.add('invalid', path, `needs a "type": ${MOUNT_TYPES.slice(0, 3).join(', ')}`, value.place.start);
    return undefined;
  }
  const source = textOf(value, 'source');
  if (type === 'bind') refuseHostPath(source ?? '', path, problems, value.place.start);
  return type === 'volume' && source !== undefined && !isPath(source) ? source : undefined;
}

/** Reports a bind mount of a path that the machine does not have. */
export function refuseHostPath(source: string, path: string, problems: ProblemList, offset: number): void {
  const message = refusalOf(source);
  if (message !== undefined) problems.add('unsupported', path, message, offset);
}

function refusalOf(source: string): string | undefined {
  const shown = source.length > 60 ? `${source.slice(0, 60)}…` : source;
  const remedy =
    'put the files into the image, or use a named volume or an inline config ("configs" with "content")';
  if (!source.startsWith('/'))
    return `"${shown}" is a path of this host, and the machine does not have it: ${remedy}`;
  if (source.split('/').includes('..')) return `"${shown}" has ".." in it: ${remedy}`;
  const clean = source.replace(/\/+$/, '');
  const known =
    clean === '' || MACHINE_PATHS.some((known) => clean === known || clean.startsWith(`${known}/`));
  return known ? undefined : `"${shown}" is a path of this host, and the machine does not have it: ${remedy}`;
}

/** As docker-compose tells them apart: a path starts with `.`, `/` or `~`, or is a Windows path. */
function isPath(source: string): boolean {
  return /^([./~]|[A-Za-z]:?\\|[A-Za-z]:\/)/.test(source);
}
