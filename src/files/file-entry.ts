/** What is kept in step between a host and a machine; everything else is passed over. */
export type FileKind = 'file' | 'directory' | 'link';

/** One file, directory or symbolic link of a tree. */
export interface FileEntry {
  /** Absolute and clean. */
  readonly path: string;
  readonly kind: FileKind;
  /** Permission bits, `0o7777` at most. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** 0 for anything but a file. */
  readonly sizeBytes: number;
  /** Time of the last change of its content, in µs since 1970; {@link UNKNOWN_TIME} when nobody knows what it holds. */
  readonly mtimeUs: number;
  /** What a link holds, as it is. */
  readonly target?: string;
}

/** In place of a time: something was sent to that path, and it may not have arrived whole. */
export const UNKNOWN_TIME = -1;

const LETTERS: Readonly<Record<FileKind, string>> = { file: 'f', directory: 'd', link: 'l' };
const KINDS: Readonly<Record<string, FileKind>> = { f: 'file', d: 'directory', l: 'link' };

/** An entry as one line of JSON, without its line end: `["f","/srv/shop/a.txt",420,0,0,12,1700000000000000]`. */
export function encodeEntry(entry: FileEntry): string {
  const { path, kind, mode, uid, gid, sizeBytes, mtimeUs, target } = entry;
  const fields = [LETTERS[kind], path, mode, uid, gid, sizeBytes, mtimeUs];
  return JSON.stringify(target === undefined ? fields : [...fields, target]);
}

/** The line that says that a path is no more. */
export function encodeRemoval(path: string): string {
  return JSON.stringify(['-', path]);
}

/** A line of {@link encodeEntry} or {@link encodeRemoval}; undefined when it is neither. */
export function decodeLine(line: string): FileEntry | { readonly removed: string } | undefined {
  const fields = parse(line);
  if (!Array.isArray(fields)) return undefined;
  const [letter, path, mode, uid, gid, sizeBytes, mtimeUs, target] = fields as readonly unknown[];
  if (typeof letter !== 'string' || typeof path !== 'string' || !isCleanPath(path)) return undefined;
  if (letter === '-') return { removed: path };
  const kind = Object.hasOwn(KINDS, letter) ? KINDS[letter] : undefined;
  if (kind === undefined || !isCount(mode, 0o7777) || !isCount(uid) || !isCount(gid)) return undefined;
  if (!isCount(sizeBytes) || !Number.isSafeInteger(mtimeUs)) return undefined;
  if ((kind === 'link') !== (typeof target === 'string')) return undefined;
  const entry = { path, kind, mode, uid, gid, sizeBytes, mtimeUs: mtimeUs as number };
  return typeof target === 'string' ? { ...entry, target } : entry;
}

/** True for an absolute path without empty, `.` and `..` names, at most as long as Linux takes. */
export function isCleanPath(path: string): boolean {
  if (!path.startsWith('/') || path.length > 4096 || path.includes('\0')) return false;
  return path
    .slice(1)
    .split('/')
    .every((name) => name !== '' && name !== '.' && name !== '..');
}

function isCount(value: unknown, max = Number.MAX_SAFE_INTEGER): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= max;
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
