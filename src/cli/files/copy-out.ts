import { statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Client } from '../../client/index.ts';
import { type ScanNote, type Unpacked, unpackInto } from '../../files/index.ts';
import { type CopyPlace, placeAt, type Placing, type RemotePlace, type TargetState } from './copy-place.ts';
import { readFromMachine } from './machine-command.ts';

export interface CopyOptions {
  /** Keep owners as they are; they become those of whoever writes otherwise. */
  readonly archive: boolean;
  /** Copy what links lead to. */
  readonly follow: boolean;
  readonly onNote: (note: ScanNote) => void;
}

/** $1 path, $2 `-h` to follow links. The archive holds the thing under its own name, or its content under `.`. */
const PACK = `
[ -e "$1" ] || [ -L "$1" ] || { echo "there is no $1 in the machine" >&2; exit 1; }
case "$1" in
  /|*/.) exec tar -C "$1" $2 -c -f - . ;;
esac
exec tar -C "$(dirname -- "$1")" $2 -c -f - -- "$(basename -- "$1")"
`;

/** A tar archive of a path in a machine or, with `container`, in a container. */
export function packRemote(
  client: Client,
  source: RemotePlace,
  container: string | undefined,
  follow: boolean,
): AsyncIterable<Uint8Array> {
  const argv =
    container === undefined
      ? ['sh', '-c', PACK, 'sh', source.path, follow ? '-h' : '']
      : ['podman', 'cp', `${container}:${source.path}`, '-'];
  return readFromMachine(client, source.environment, argv);
}

/** Copies out of a machine or container to this host, by the rules of `docker cp`. */
export async function copyOut(
  client: Client,
  source: RemotePlace,
  container: string | undefined,
  target: Extract<CopyPlace, { kind: 'local' }>,
  options: CopyOptions,
): Promise<Unpacked> {
  const isContent = source.path === '/' || source.path.endsWith('/.');
  const state = stateOf(target.path);
  const written = target.isDirectory ? `${target.path}/` : target.path;
  const place = (isDirectory: boolean) =>
    placeAt(written, state, { name: basename(source.path), isContent, isDirectory });
  let placing: Placing | undefined;
  return unpackInto(place(true).directory, packRemote(client, source, container, options.follow), {
    keepOwner: options.archive,
    place: (entry, isDirectory) => {
      // What the source is, is known with the first entry of its archive.
      placing ??= place(isDirectory);
      const inner = isContent ? entry : entry.split('/').slice(1).join('/');
      return [placing.name, inner].filter((part) => part !== '').join('/');
    },
    onSkipped: (path, message) => options.onNote({ path, message: `${message}: left out` }),
  });
}

/** What is at a path of this host. */
function stateOf(path: string): TargetState {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats !== undefined) return stats.isDirectory() ? 'directory' : 'file';
  return statSync(dirname(path), { throwIfNoEntry: false })?.isDirectory() === true ? 'missing' : 'nowhere';
}
