import { formatBytes } from '../../base/index.ts';
import type { FileExchange } from '../../client/index.ts';
import { berthError } from '../../errors/index.ts';
import {
  compareFiles,
  decodeLine,
  encodeEntry,
  encodeRemoval,
  type FileEntry,
  packFiles,
  type Scan,
  type ScanNote,
  scan,
} from '../../files/index.ts';
import { systemCode } from '../../host/index.ts';
import { isWithin } from '../../model/index.ts';

/** How much of a project is sent although nothing in its Compose file needs it. */
const OPTIONAL_LIMIT = { files: 20_000, bytes: 512 * 1024 ** 2 };

/** What was sent. */
export interface Sent {
  readonly changed: readonly FileEntry[];
  readonly removed: readonly string[];
  readonly notes: readonly ScanNote[];
  /** What the machine has now. */
  readonly generation: string;
  readonly entries: ReadonlyMap<string, FileEntry>;
}

export interface SendOptions {
  readonly signal?: AbortSignal;
  /** What the machine has of the generation that was named as known. */
  readonly known?: ReadonlyMap<string, FileEntry>;
  /** Called with what was done because of the changes. */
  readonly onNote?: (text: string) => void;
}

/** Compares this host's files with the machine's and sends what differs, with the rights of this user. */
export async function sendFiles(exchange: FileExchange, options: SendOptions = {}): Promise<Sent> {
  const offer = await exchange.offer;
  const list = await exchange.list();
  const machine = offer.same && options.known !== undefined ? options.known : readList(list);
  const exclude = new Set(offer.exclude);
  const { signal } = options;
  const look = async (root: string): Promise<Scan> => {
    const limit = root === offer.optional ? { limit: OPTIONAL_LIMIT } : {};
    return scan([root], { exclude, ...limit, ...(signal === undefined ? {} : { signal }) });
  };
  const scans = await Promise.all(offer.roots.map((root) => look(root).catch(unreadable(root))));
  const omitted = offer.roots.filter((_, index) => scans[index]?.cut === true);
  const here = new Map(scans.filter(({ cut }) => !cut).flatMap(({ entries }) => [...entries]));
  const isOmitted = (path: string) => omitted.some((root) => isWithin(path, root));
  const before = new Map([...machine].filter(([path]) => !isOmitted(path)));
  const { removed, changed } = compareFiles(before, here);
  const lines = [
    ...(omitted.length === 0 ? [] : ['["omit"]']),
    ...removed.map(encodeRemoval),
    ...changed.map(encodeEntry),
  ];
  const notes: ScanNote[] = scans.filter(({ cut }) => !cut).flatMap((found) => found.notes);
  const onSkipped = (path: string, reason: string) =>
    notes.push({ path, message: `cannot be read (${reason}): left out` });
  const archive = changed.length === 0 ? undefined : packFiles(changed, { onSkipped });
  const generation = await exchange.send(lines, archive, options.onNote);
  return { changed, removed, notes, generation, entries: here };
}

/** `3 sent, 12 KiB; 1 removed`. */
export function describeSent({ changed, removed }: Sent): string {
  if (changed.length + removed.length === 0) return 'nothing has changed';
  const bytes = changed.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const parts = [
    ...(changed.length === 0 ? [] : [`${changed.length} sent, ${formatBytes(bytes)}`]),
    ...(removed.length === 0 ? [] : [`${removed.length} removed`]),
  ];
  return parts.join('; ');
}

/** What a machine has, from the lines of an exchange. */
export function readList(lines: readonly string[]): Map<string, FileEntry> {
  const entries = new Map<string, FileEntry>();
  for (const line of lines) {
    const entry = decodeLine(line);
    if (entry !== undefined && !('removed' in entry)) entries.set(entry.path, entry);
  }
  return entries;
}

function unreadable(root: string): (error: unknown) => never {
  return (error) => {
    const code = systemCode(error);
    if (code === undefined) throw error;
    throw berthError('bad-request', `${root} cannot be read (${code})`, {
      remedy: 'Run the command as a user who may read it.',
      cause: error,
    });
  };
}
