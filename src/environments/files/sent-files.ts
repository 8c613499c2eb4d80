import { decodeLine, type FileEntry, UNKNOWN_TIME } from '../../files/index.ts';
import type { SentFilesState } from '../../guest/index.ts';

/** What a machine has of the host, as far as Berth sent it. */
export interface SentFiles {
  /** Names the state; `''` when it is not known whether all of it arrived. */
  readonly generation: string;
  readonly entries: ReadonlyMap<string, FileEntry>;
  /** Lines that the machine keeps of it, those that do not count any more too. */
  readonly lines: number;
}

/** Reads what a machine remembers. Nothing that it says is taken for more than a hint: a line that makes no sense is passed over. */
export function readState({ generation, lines }: SentFilesState): SentFiles {
  const entries = new Map<string, FileEntry>();
  for (const line of lines) {
    const entry = decodeLine(line);
    if (entry === undefined) continue;
    if ('removed' in entry) entries.delete(entry.removed);
    else entries.set(entry.path, generation === '' ? { ...entry, mtimeUs: UNKNOWN_TIME } : entry);
  }
  return { generation, entries, lines: lines.length };
}
