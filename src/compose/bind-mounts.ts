import { checkKeys } from './check-keys.ts';
import type { FileReferences } from './file-references.ts';
import { MOUNT_KEYS } from './keys.ts';
import { child, isText, textOf, type Value } from './value.ts';

const MOUNT_TYPES = ['bind', 'volume', 'tmpfs', 'cluster', 'npipe', 'image'];

/** Reads one entry of a service's `volumes`. Returns the name of the volume that it refers to, if any; notes files of the host. */
export function readMount(value: Value, path: string, files: FileReferences): string | undefined {
  if (value.kind === 'map') {
    checkKeys(value, path, MOUNT_KEYS, files.problems);
    return readLongMount(value, path, files);
  }
  if (!isText(value) || value.kind !== 'string') {
    files.problems.add('invalid', path, 'must be "VOLUME:PATH" or a map with "type"', value.place.start);
    return undefined;
  }
  const windows = /^[A-Za-z]:[\\/][^:]*/.exec(value.text)?.[0];
  const source = windows ?? value.text.split(':')[0] ?? '';
  if (source.length === value.text.length) return undefined;
  if (!isPath(source)) return source;
  files.add('bind', source, path, value.place, { required: false });
  return undefined;
}

function readLongMount(value: Value, path: string, files: FileReferences): string | undefined {
  const type = textOf(value, 'type');
  if (type === undefined || !MOUNT_TYPES.includes(type)) {
    const message = `needs a "type": ${MOUNT_TYPES.slice(0, 3).join(', ')}`;
    files.problems.add('invalid', path, message, value.place.start);
    return undefined;
  }
  const source = textOf(value, 'source');
  if (type === 'bind') {
    const place = child(value, 'source')?.place ?? value.place;
    if (source === undefined || source === '')
      files.problems.add('invalid', path, 'a bind mount needs a "source"', value.place.start);
    else {
      const required = textOf(child(value, 'bind'), 'create_host_path') === 'false';
      files.add('bind', source, path, place, { required });
    }
  }
  return type === 'volume' && source !== undefined && !isPath(source) ? source : undefined;
}

/** As docker-compose tells them apart: a path starts with `.`, `/` or `~`, or is a Windows path. */
function isPath(source: string): boolean {
  return /^([./~]|[A-Za-z]:?\\|[A-Za-z]:\/)/.test(source);
}
