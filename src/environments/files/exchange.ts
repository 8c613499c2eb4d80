import type { FilesMessage } from '../../contract/index.ts';
import { asBerthError, berthError } from '../../errors/index.ts';
import { decodeLine, encodeEntry, encodeRemoval, type FileEntry } from '../../files/index.ts';
import { applyFileChanges, type GuestShell, readSentFiles } from '../../guest/index.ts';
import { isWithin, reservedGuestPath } from '../../model/index.ts';
import type { Context } from '../context.ts';
import type { EnvironmentRecord } from '../record.ts';
import { type ExchangeStreams, type Incoming, readIncoming } from './exchange-streams.ts';
import { readState, type SentFiles } from './sent-files.ts';

const READ_TIMEOUT_MS = 60_000;
/** For everything that changes; a large tree takes minutes under emulation. */
const APPLY_TIMEOUT_MS = 1_800_000;
/** What the machine keeps is written anew once it is so many times longer than it has to be. */
const MAX_STALE_FACTOR = 3;
const MIN_LINES = 2_000;

export interface ExchangeOptions {
  readonly roots: readonly string[];
  readonly exclude: readonly string[];
  /** The root that the client may leave out when it is large. */
  readonly optional?: string;
  /** Generation whose list the client has. */
  readonly known?: string;
  readonly signal: AbortSignal;
  /** Called with bytes as they come. */
  readonly onBytes?: (count: number) => void;
}

/** What an exchange changed. */
export interface Exchanged {
  readonly changed: readonly FileEntry[];
  readonly removed: readonly string[];
  /** The client left the optional root out. */
  readonly omitted: boolean;
}

interface Changes extends Exchanged {
  /** What the machine has already and only is to be remembered. */
  readonly adopted: readonly FileEntry[];
}

/** Offers what the machine has, takes what differs, and puts it into the machine. One at a time for each machine. */
export async function exchangeFiles(
  context: Context,
  record: EnvironmentRecord,
  streams: ExchangeStreams,
  o: ExchangeOptions,
): Promise<Exchanged> {
  const session = context.sessions.get(record);
  const stop = () => streams.input.destroy(asBerthError(o.signal.reason));
  o.signal.addEventListener('abort', stop, { once: true });
  return session.filesLock.run(async () => {
    o.signal.throwIfAborted();
    const shell = context.sessions.shell(record);
    const before = (session.sentFiles ??= readState(
      await readSentFiles(shell, { timeoutMs: READ_TIMEOUT_MS, signal: o.signal }),
    ));
    await offer(streams, before, o);
    const incoming = await readIncoming(streams.input);
    const changes = readChanges(incoming.lines, o.roots);
    try {
      session.sentFiles = await apply(shell, before, changes, incoming, o);
    } catch (error) {
      delete session.sentFiles;
      throw error;
    }
    return changes;
  });
}

/** The last message of an exchange. */
export async function sayDone(
  context: Context,
  record: EnvironmentRecord,
  streams: ExchangeStreams,
): Promise<void> {
  const generation = context.sessions.find(record.id)?.sentFiles?.generation ?? '';
  await say(streams, { type: 'done', generation });
}

/** Sends one message. */
export function say(streams: ExchangeStreams, message: FilesMessage): Promise<void> {
  return streams.say(JSON.stringify(message));
}

async function offer(streams: ExchangeStreams, sent: SentFiles, o: ExchangeOptions): Promise<void> {
  const { roots, exclude, optional } = o;
  const { generation, entries } = sent;
  const same = generation !== '' && o.known === generation;
  const message = { type: 'offer', roots, exclude, generation, same } as const;
  await say(streams, optional === undefined ? message : { ...message, optional });
  if (!same) for (const entry of entries.values()) await streams.say(encodeEntry(entry));
  await say(streams, { type: 'ready' });
}

function readChanges(lines: readonly string[], roots: readonly string[]): Changes {
  const changed: FileEntry[] = [];
  const adopted: FileEntry[] = [];
  const removed: string[] = [];
  let omitted = false;
  for (const line of lines) {
    if (line === '["omit"]') {
      omitted = true;
      continue;
    }
    const isAdopted = line.startsWith('["=",');
    const entry = decodeLine(isAdopted ? `[${line.slice('["=",'.length)}` : line);
    const path = entry === undefined ? undefined : 'removed' in entry ? entry.removed : entry.path;
    if (entry === undefined || path === undefined)
      throw berthError('bad-request', `a line of the list of changes cannot be read: ${line.slice(0, 200)}`);
    if ('removed' in entry) removed.push(path);
    else if (reservedGuestPath(path) !== undefined)
      throw berthError('bad-request', `${path} belongs to the machine's own system`);
    else if (!roots.some((root) => isWithin(path, root)))
      throw berthError('bad-request', `${path} is outside of what this machine has of the host`);
    else (isAdopted ? adopted : changed).push(entry);
  }
  return { changed, adopted, removed, omitted };
}

async function apply(
  shell: GuestShell,
  before: SentFiles,
  { changed, adopted, removed }: Changes,
  incoming: Incoming,
  o: ExchangeOptions,
): Promise<SentFiles> {
  // Only what Berth itself has sent goes away.
  const gone = removed.filter((path) => before.entries.has(path));
  if (changed.length + adopted.length + gone.length === 0) return before;
  const entries = new Map(before.entries);
  for (const path of gone) entries.delete(path);
  for (const entry of [...adopted, ...changed]) entries.set(entry.path, entry);
  const added = [...gone.map(encodeRemoval), ...[...adopted, ...changed].map(encodeEntry)];
  const limit = Math.max(MIN_LINES, entries.size * MAX_STALE_FACTOR);
  const replace = before.generation === '' || before.lines + added.length > limit;
  const lines = replace ? [...entries.values()].map(encodeEntry) : added;
  const isDirectory = (path: string) => before.entries.get(path)?.kind === 'directory';
  const generation = await applyFileChanges(
    shell,
    {
      base: before.generation,
      removedFiles: [...gone.filter((path) => !isDirectory(path)), ...replacedPrograms(before, changed)],
      removedDirectories: gone.filter(isDirectory).toSorted((a, b) => (a < b ? 1 : -1)),
      lines,
      replace,
      ...(changed.length === 0 ? {} : { archive: counted(incoming.rest, o.onBytes) }),
    },
    { timeoutMs: APPLY_TIMEOUT_MS, signal: o.signal },
  );
  return { generation, entries, lines: replace ? lines.length : before.lines + lines.length };
}

/** A program that runs cannot be written in place: it is removed first, and goes on as it was. */
function replacedPrograms(before: SentFiles, changed: readonly FileEntry[]): string[] {
  return changed
    .filter(({ path, kind, mode }) => kind === 'file' && (mode & 0o111) !== 0 && before.entries.has(path))
    .map(({ path }) => path);
}

async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  onBytes: ((count: number) => void) | undefined,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    onBytes?.(chunk.length);
    yield chunk;
  }
}
