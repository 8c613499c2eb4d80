import { randomBytes } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { deadlineSignal } from '../base/index.ts';
import { berthError } from '../errors/index.ts';
import type { GuestShell } from './guest-shell.ts';
import type { InteractiveProcess } from './interactive-process.ts';
import type { WaitOptions } from './wait-options.ts';

/** What of the host's files was sent into a guest, as the guest's own disk remembers it. */
export interface SentFilesState {
  /** Names the state; `''` when it is not known whether all of it arrived. */
  readonly generation: string;
  /** One line for each thing that was sent or removed, in order; the last about a path counts. */
  readonly lines: readonly string[];
}

/** A change of a guest's files. */
export interface FileChanges {
  /** The state to which the change was worked out; a guest that has another refuses it with `conflict`. */
  readonly base: string;
  /** Absolute paths of files and links that go away. */
  readonly removedFiles: readonly string[];
  /** Absolute paths of directories that go away unless there is still something in them, the deepest first. */
  readonly removedDirectories: readonly string[];
  /** Lines that are added to what the guest remembers; with `replace` they are all of it. */
  readonly lines: readonly string[];
  readonly replace: boolean;
  /** Tar archive with paths from the root; absent when nothing is written. */
  readonly archive?: AsyncIterable<Uint8Array>;
}

/** More than this is not read back: then everything is sent again. */
const MAX_STATE_BYTES = 96 * 1024 * 1024;
const DISK_FULL = /No space left on device/;
const ANOTHER_STATE = 75;

/**
 * The state is a generation (with the boot in which it was written), the list that belongs to it, and the generation up
 * to which everything is surely on the disk. After a boot that this one is older than, nothing is trusted.
 */
const READ = `
d=/var/lib/berth/files
[ -d $d ] || exit 0
read -r boot < /proc/sys/kernel/random/boot_id
read -r generation written < $d/generation || :
read -r durable < $d/durable || :
[ "$written" = "$boot" ] || [ "$durable" = "$generation" ] || generation=
echo "$generation"
exec cat $d/list $d/next
`;

/**
 * $1 base, $2 new generation, $3 and $4 bytes of the paths to remove, $5 bytes of lines, $6 \`replace\` or \`append\`,
 * $7 \`archive\` or \`nothing\`. Existing files are written in place, so that containers which mount them see it.
 */
const APPLY = `
set -e
d=/var/lib/berth/files
mkdir -p $d
generation= written=
read -r generation written < $d/generation || :
[ -z "$1" ] || [ "$1" = "$generation" ] || exit ${ANOTHER_STATE}
rm -f $d/generation
[ "$3" = 0 ] || head -c "$3" > $d/removed.$2
[ "$4" = 0 ] || head -c "$4" > $d/directories.$2
head -c "$5" > $d/next
[ "$3" = 0 ] || xargs -0 -r rm -f -- < $d/removed.$2 || :
[ "$4" = 0 ] || xargs -0 -r rmdir --ignore-fail-on-non-empty -- < $d/directories.$2 || :
[ "$7" = nothing ] || tar -x -f - -C / --overwrite --numeric-owner --same-owner -p --warning=no-timestamp --warning=no-unknown-keyword
if [ "$6" = replace ]; then mv $d/next $d/list; else cat $d/next >> $d/list; rm -f $d/next; fi
read -r boot < /proc/sys/kernel/random/boot_id
echo "$2 $boot" > $d/generation
echo done
rm -f $d/removed.$2 $d/directories.$2
sync -f $d
read -r generation written < $d/generation && [ "$generation" = "$2" ] && echo "$2" > $d/durable
`.replaceAll('\\`', '`');

/** Reads what a guest has of the host. A state that cannot be trusted has no generation. */
export async function readSentFiles(shell: GuestShell, o: WaitOptions): Promise<SentFilesState> {
  const script = `exec 2>/dev/null\n${READ}`;
  const outcome = await shell.exec(['sh', '-c', script], {
    ...o,
    okExitCodes: 'any',
    maxOutputBytes: MAX_STATE_BYTES,
  });
  if (outcome.truncated) return { generation: '', lines: [] };
  const [generation = '', ...lines] = outcome.stdout.split('\n');
  const known = /^[0-9a-f]{16}$/.test(generation) ? generation : '';
  return { generation: known, lines: lines.filter((line) => line !== '') };
}

/**
 * Changes a guest's files and what it remembers of them. Until all of it has arrived the guest's state has no generation,
 * so that what is cut off is sent again. Returns the new generation.
 * @throws `conflict` when the guest has another state than `base`, `disk-full`, `guest-command-failed`, `guest-unreachable`
 */
export async function applyFileChanges(
  shell: GuestShell,
  changes: FileChanges,
  o: WaitOptions,
): Promise<string> {
  const generation = randomBytes(8).toString('hex');
  const head = [
    zeroEnded(changes.removedFiles),
    zeroEnded(changes.removedDirectories),
    Buffer.from(changes.lines.map((line) => `${line}\n`).join('')),
  ];
  const mode = changes.replace ? 'replace' : 'append';
  const argv = ['sh', '-c', APPLY, 'sh', changes.base, generation];
  argv.push(...head.map(({ length }) => String(length)), mode);
  argv.push(changes.archive === undefined ? 'nothing' : 'archive');
  const process = await shell.openProcess(argv, o);
  const signal = deadlineSignal(o.timeoutMs, o.signal);
  const kill = () => process.close();
  signal.addEventListener('abort', kill, { once: true });
  try {
    const said = outputOf(process);
    await feed(process, head, changes.archive);
    await said.done;
    return generation;
  } catch (error) {
    process.close();
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', kill);
  }
}

async function feed(
  process: InteractiveProcess,
  head: readonly Buffer[],
  archive: AsyncIterable<Uint8Array> | undefined,
): Promise<void> {
  const parts = async function* () {
    for (const part of head) if (part.length > 0) yield part;
    if (archive !== undefined) yield* archive;
  };
  const source = Readable.from(parts(), { objectMode: false });
  try {
    await pipeline(source, process.stdin);
  } catch (error) {
    // A program that has ended takes no more input; its end tells why.
    if (source.errored !== null && source.errored !== undefined && !isBrokenPipe(source.errored))
      throw source.errored;
    if (!isBrokenPipe(error)) throw error;
  }
}

function isBrokenPipe(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED';
}

/** Reads both outputs; `done` resolves with the word of that name and rejects when the program ends without it. */
function outputOf(process: InteractiveProcess): { readonly done: Promise<void> } {
  let words = '';
  let complaint = '';
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  process.stdout.on('data', (chunk: Buffer) => {
    words += chunk.toString('latin1');
    if (words.includes('done\n')) resolve();
  });
  process.stderr.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString('utf8')).slice(-4_000);
  });
  process.ended.then(({ code }) => reject(failureOf(code, complaint)), reject);
  promise.catch(() => undefined);
  return { done: promise };
}

function failureOf(code: number | undefined, complaint: string): Error {
  if (code === ANOTHER_STATE)
    return berthError('conflict', "the machine's files were changed by another command meanwhile", {
      remedy: 'Run the command again.',
    });
  const lines = complaint.trim().split('\n').slice(-5).join('\n');
  if (DISK_FULL.test(complaint))
    return berthError('disk-full', `the machine's disk is full: ${lines}`, {
      remedy:
        'Leave out what is not needed in .berthignore, or make the environment anew with a larger `--disk`.',
    });
  return berthError('guest-command-failed', `the files could not be written in the machine: ${lines}`);
}

function zeroEnded(paths: readonly string[]): Buffer {
  return Buffer.from(paths.map((path) => `${path}\0`).join(''));
}
