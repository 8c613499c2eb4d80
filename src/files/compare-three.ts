import { type FileEntry, UNKNOWN_TIME } from './file-entry.ts';
import { isSame } from './compare-files.ts';

/** What both sides did to files since one sent them to the other. */
export interface ThreeWay {
  /** New or changed over there, and not here: they can come. Directories before what is in them. */
  readonly coming: readonly FileEntry[];
  /** Removed over there, and not changed here. */
  readonly gone: readonly string[];
  /** Changed on both sides, in different ways. */
  readonly conflicts: readonly string[];
}

/** Times go through text and through floating point on their way. */
const SAME_TIME_US = 2;

/**
 * Compares files as they were sent (`sent`), as they are over there, and as they are here. Owners are left out of account:
 * a container that takes a file over has not changed it.
 */
export function compareThree(
  sent: ReadonlyMap<string, FileEntry>,
  there: ReadonlyMap<string, FileEntry>,
  here: ReadonlyMap<string, FileEntry>,
): ThreeWay {
  const coming: FileEntry[] = [];
  const conflicts: string[] = [];
  for (const [path, entry] of there) {
    const before = sent.get(path);
    const own = here.get(path);
    if (hasContentOf(before, entry) || hasContentOf(own, entry)) continue;
    if (isUntouched(before, own)) coming.push(entry);
    else conflicts.push(path);
  }
  const gone: string[] = [];
  for (const [path, before] of sent) {
    const own = here.get(path);
    if (there.has(path) || own === undefined) continue;
    if (isUntouched(before, own)) gone.push(path);
    else conflicts.push(path);
  }
  return {
    coming: coming.sort((a, b) => (a.path < b.path ? -1 : 1)),
    gone: gone.sort((a, b) => (a < b ? 1 : -1)),
    conflicts: conflicts.sort(),
  };
}

/** Whether nothing was done here to what was sent; what was never sent has to be absent. */
function isUntouched(before: FileEntry | undefined, own: FileEntry | undefined): boolean {
  if (own === undefined) return before === undefined;
  return isSame(before, own);
}

function hasContentOf(known: FileEntry | undefined, entry: FileEntry): boolean {
  if (known === undefined || known.kind !== entry.kind || known.mtimeUs === UNKNOWN_TIME) return false;
  if (entry.kind === 'link') return known.target === entry.target;
  if (entry.kind === 'directory') return true;
  const isSameTime = Math.abs(known.mtimeUs - entry.mtimeUs) <= SAME_TIME_US;
  return known.sizeBytes === entry.sizeBytes && known.mode === entry.mode && isSameTime;
}
