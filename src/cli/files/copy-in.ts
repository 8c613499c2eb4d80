import { type Stats, statSync } from 'node:fs';
import { basename } from 'node:path';
import type { Client } from '../../client/index.ts';
import { berthError } from '../../errors/index.ts';
import { type FileEntry, packFiles, scan, type Unpacked } from '../../files/index.ts';
import { systemCode } from '../../host/index.ts';
import type { CopyOptions } from './copy-out.ts';
import { type CopyPlace, placeAt, type Placing, type RemotePlace, type TargetState } from './copy-place.ts';
import { assertGood, runInMachine } from './machine-command.ts';

const PROBE = `
if [ -d "$1" ]; then echo directory
elif [ -e "$1" ]; then echo file
elif [ -d "$(dirname -- "$1")" ]; then echo missing
else echo nowhere
fi`;

/** $1 name in the archive, $2 container, $3 target: podman copies from the machine into the container, by the same rules. */
const INTO_CONTAINER = `
set -e
stage=$(mktemp -d /var/tmp/berth-cp.XXXXXX)
trap 'rm -rf "$stage"' EXIT
tar -x -p -f - -C "$stage"
podman cp "$stage/$1" "$2:$3"
`;

/** Copies from this host into a machine or, with `container`, into a container, by the rules of `docker cp`. */
export async function copyIn(
  client: Client,
  source: Extract<CopyPlace, { kind: 'local' }>,
  target: RemotePlace,
  container: string | undefined,
  options: CopyOptions,
): Promise<Unpacked> {
  const stats = look(source.path);
  const { entries, notes, sizeBytes } = await scan([source.path], { ignoreFile: false });
  for (const note of notes) if (!note.message.includes('a link')) options.onNote(note);
  const owned = [...entries.values()].map((entry) =>
    options.archive ? entry : { ...entry, uid: 0, gid: 0 },
  );
  if (container === undefined) {
    const { stdout } = await runInMachine(client, target.environment, ['sh', '-c', PROBE, 'sh', target.path]);
    const placing = placeAt(target.path, stdout.trim() as TargetState, {
      name: basename(source.path),
      isContent: source.isContent,
      isDirectory: stats.isDirectory(),
    });
    await unpackRemote(
      client,
      target,
      undefined,
      placing.directory,
      archiveOf(owned, source.path, placing, options),
    );
  } else {
    const name = source.isContent ? `${basename(source.path)}/.` : basename(source.path);
    const archive = archiveOf(owned, source.path, { directory: '', name: basename(source.path) }, options);
    const argv = ['sh', '-c', INTO_CONTAINER, 'sh', name, container, target.path];
    assertGood(await runInMachine(client, target.environment, argv, { input: archive }));
  }
  return { files: owned.filter(({ kind }) => kind !== 'directory').length, sizeBytes };
}

/** Unpacks an archive in a directory of a machine or container, which keep what would climb out of it from doing so. */
export async function unpackRemote(
  client: Client,
  target: RemotePlace,
  container: string | undefined,
  directory: string,
  archive: AsyncIterable<Uint8Array>,
): Promise<void> {
  const argv =
    container === undefined
      ? ['tar', '-x', '-p', '-f', '-', '--warning=no-timestamp', '-C', directory]
      : ['podman', 'cp', '-', `${container}:${directory}`];
  assertGood(await runInMachine(client, target.environment, argv, { input: archive }));
}

function archiveOf(
  entries: readonly FileEntry[],
  root: string,
  { name }: Placing,
  options: CopyOptions,
): AsyncIterable<Uint8Array> {
  const base = name === '' ? '.' : name;
  return packFiles(entries, {
    nameOf: (path) => base + path.slice(root === '/' ? 0 : root.length),
    onSkipped: (path, reason) => options.onNote({ path, message: `cannot be read (${reason}): left out` }),
  });
}

/** A link that is named itself is followed, as those below it are not. */
function look(path: string): Stats {
  try {
    return statSync(path);
  } catch (error) {
    const code = systemCode(error);
    throw berthError(
      'bad-request',
      code === 'ENOENT' ? `there is no ${path}` : `${path} cannot be read (${code})`,
      {
        remedy: 'Name a file or directory that is there.',
        cause: error,
      },
    );
  }
}
