import { pipeline } from 'node:stream/promises';
import type { Readable } from 'node:stream';
import { deadlineSignal } from '../base/index.ts';
import { type BerthError, berthError } from '../errors/index.ts';
import type { GuestShell } from './guest-shell.ts';
import type { InteractiveProcess } from './interactive-process.ts';
import type { WaitOptions } from './wait-options.ts';

/** Where what comes in lies until all of it is there; on the file system of the volumes, so that it can change places with them. */
const STAGES = '/var/lib/berth/imports';
const CLEAN_TIMEOUT_MS = 60_000;
const COMPLAINT_BYTES = 4_000;

const METADATA = ['--numeric-owner', '--xattrs', '--xattrs-include=*', '--acls'];
const CREATE = [
  'tar',
  '--create',
  '--file=-',
  '--format=posix',
  '--sparse',
  '--one-file-system',
  ...METADATA,
];

/**
 * $1 stage, $2 the volume's directory. tar sees the new directory as \`/data\` and of the system only /usr, which it cannot write; it cannot
 * make devices. So nothing in an archive leads out of the volume, whatever its names and links say.
 */
const RECEIVE = `
set -e
rm -rf "$1"
mkdir -p "$1/root/usr" "$1/root/data"
chmod 700 "$1"
for link in bin sbin lib lib64; do ln -s "usr/$link" "$1/root/$link"; done
chown --reference="$2" "$1/root/data"
chmod --reference="$2" "$1/root/data"
exec unshare --mount --propagation private sh -c '
mount --bind /usr "$1/usr"
mount -o remount,bind,ro "$1/usr"
exec setpriv --bounding-set=-mknod --inh-caps=-mknod chroot "$1" tar --extract --file=- --directory=/data --same-owner --same-permissions ${METADATA.join(' ').replace('*', '"*"')}
' sh "$1/root"
`.replaceAll('\\`', '`');

/** $1 stage, $2 the volume's directory: the new content is on the disk before it takes the place of the old one, at once. */
const SWAP = `
set -e
sync -f "$1/root/data"
mv --exchange --no-target-directory "$1/root/data" "$2"
sync -f "$2"
rm -rf "$1"
`;

/** Starts to read a directory of the guest as a tar archive, with numeric owners, extended attributes and holes. */
export function openArchive(
  shell: GuestShell,
  directory: string,
  o: WaitOptions,
): Promise<InteractiveProcess> {
  return shell.openProcess([...CREATE, `--directory=${directory}`, '.'], o);
}

/** Waits until all was read. A file that changed while it was read is no failure. @throws `guest-command-failed` */
export async function archiveEnd(process: InteractiveProcess): Promise<void> {
  const complaint = complaintOf(process);
  const { code } = await process.ended;
  if (code === 0 || code === 1) return;
  throw berthError('guest-command-failed', `the volume could not be read: ${complaint()}`);
}

/**
 * Replaces the content of a volume's directory by that of a tar archive: all of it or nothing. Owners, modes and attributes are kept.
 * `stage` names the import, different from all others of the guest.
 * @throws `archive-invalid`, `guest-disk-full`, `guest-unreachable`, and what the input fails with
 */
export async function replaceFromArchive(
  shell: GuestShell,
  volume: { readonly directory: string; readonly stage: string },
  input: Readable,
  o: WaitOptions & {
    /** Between the arrival of everything and the change: the last moment to say no. */
    readonly beforeChange?: () => Promise<void>;
  },
): Promise<void> {
  const stage = `${STAGES}/${volume.stage}`;
  const signal = deadlineSignal(o.timeoutMs, o.signal);
  try {
    await receive(shell, [stage, volume.directory], input, { ...o, signal });
    await o.beforeChange?.();
    await shell.exec(['sh', '-c', SWAP, 'sh', stage, volume.directory], { ...o, signal });
  } catch (error) {
    await shell
      .exec(['rm', '-rf', stage], { timeoutMs: CLEAN_TIMEOUT_MS })
      // A guest that has gone has left it behind: see `cleanStages`.
      .catch(() => undefined);
    throw error;
  }
}

/** Removes what interrupted imports left, except those of `active` names. */
export async function cleanStages(
  shell: GuestShell,
  active: readonly string[],
  o: WaitOptions,
): Promise<void> {
  const names = active.flatMap((name) => ['!', '-name', name]);
  const find = [
    'find',
    STAGES,
    '-mindepth',
    '1',
    '-maxdepth',
    '1',
    ...names,
    '-exec',
    'rm',
    '-rf',
    '{}',
    '+',
  ];
  // Without any import there is no such directory.
  await shell.exec(find, { ...o, okExitCodes: [0, 1] });
}

async function receive(
  shell: GuestShell,
  words: readonly string[],
  input: Readable,
  o: WaitOptions & { readonly signal: AbortSignal },
): Promise<void> {
  const process = await shell.openProcess(['sh', '-c', RECEIVE, 'sh', ...words], o);
  const kill = () => process.close();
  o.signal.addEventListener('abort', kill, { once: true });
  try {
    process.stdout.resume();
    const complaint = complaintOf(process);
    const bytes = await feed(process, input);
    const { code } = await process.ended;
    o.signal.throwIfAborted();
    if (code !== 0) throw refusal(complaint());
    if (bytes === 0) throw berthError('archive-invalid', 'the archive is empty: not a byte came');
  } catch (error) {
    process.close();
    o.signal.throwIfAborted();
    throw error;
  } finally {
    o.signal.removeEventListener('abort', kill);
  }
}

/** Passes the input on; gives how many bytes it had. A program that ended before tells by its end why. */
async function feed(process: InteractiveProcess, input: Readable): Promise<number> {
  let bytes = 0;
  input.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  try {
    await pipeline(input, process.stdin);
  } catch (error) {
    const inputFailed = input.errored !== null && input.errored !== undefined;
    if (inputFailed && !isPrematureClose(input.errored)) throw input.errored;
    if (!isPrematureClose(error)) throw error;
  }
  return bytes;
}

function isPrematureClose(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED';
}

function complaintOf(process: InteractiveProcess): () => string {
  let text = '';
  process.stderr.on('data', (chunk: Buffer) => {
    text = (text + chunk.toString('utf8')).slice(-COMPLAINT_BYTES);
  });
  return () => text.trim().split('\n').slice(0, 5).join('; ').slice(0, 1_000);
}

function refusal(complaint: string): BerthError {
  if (complaint.includes('No space left on device'))
    return berthError('guest-disk-full', "the machine's disk is full; the volume is as it was");
  return berthError('archive-invalid', `the archive cannot be unpacked into the volume: ${complaint}`);
}
