import { type FileEntry, UNKNOWN_TIME } from './file-entry.ts';

/** What is to be done so that the other side has what is here. */
export interface Difference {
  /** Paths that are no more, and those at which something else comes; the deepest first. */
  readonly removed: readonly string[];
  /** What is new or has changed; directories before what is in them. */
  readonly changed: readonly FileEntry[];
}

/** Compares what was sent with what is there now. Paths that are in neither are nobody's business. */
export function compareFiles(
  sent: ReadonlyMap<string, FileEntry>,
  now: ReadonlyMap<string, FileEntry>,
): Difference {
  const removed: string[] = [];
  for (const [path, before] of sent) {
    const after = now.get(path);
    if (after === undefined || !canReplace(before, after)) removed.push(path);
  }
  const changed = [...now.values()].filter((entry) => !isSame(sent.get(entry.path), entry));
  return {
    removed: removed.sort((a, b) => (a < b ? 1 : -1)),
    changed: changed.sort((a, b) => (a.path < b.path ? -1 : 1)),
  };
}

/** True when an entry that was sent is still what is there. The time of a directory or link tells nothing about its content. */
export function isSame(before: FileEntry | undefined, after: FileEntry): boolean {
  if (before === undefined || before.mtimeUs === UNKNOWN_TIME || before.kind !== after.kind) return false;
  if (before.uid !== after.uid || before.gid !== after.gid || before.target !== after.target) return false;
  if (after.kind === 'link') return true;
  if (before.mode !== after.mode) return false;
  return (
    after.kind === 'directory' || (before.sizeBytes === after.sizeBytes && before.mtimeUs === after.mtimeUs)
  );
}

/** Whether it can be written in place; a file keeps its inode, so that a container that mounts it sees the change. */
function canReplace(before: FileEntry, after: FileEntry): boolean {
  return before.kind === after.kind && (after.kind !== 'link' || before.target === after.target);
}
