import { berthError } from '../errors/index.ts';

/** One thing that a repository holds. */
export interface Snapshot {
  /** Eight hex digits. */
  readonly id: string;
  readonly createdAt: string;
  /** Host that stored it. */
  readonly host: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** What came of storing something. */
export interface Stored {
  readonly id: string;
  /** Bytes that were not in the repository yet. */
  readonly addedBytes: number;
  readonly totalBytes: number;
}

type Fields = Readonly<Record<string, unknown>>;

/** Reads what `restic snapshots --json` prints: oldest first. Tags are written `key=value`. */
export function parseSnapshots(text: string): Snapshot[] {
  const rows = parse(text);
  if (rows === null || rows === undefined) return [];
  if (!Array.isArray(rows)) throw berthError('backup-repository-failed', 'restic gave no list of snapshots');
  return rows
    .map((row: Fields) => ({
      id: (textAt(row, 'short_id') ?? textAt(row, 'id') ?? '').slice(0, 8),
      createdAt: new Date(textAt(row, 'time') ?? 0).toISOString(),
      host: textAt(row, 'hostname') ?? '',
      tags: tagsOf(row['tags']),
    }))
    .toSorted((one, other) => one.createdAt.localeCompare(other.createdAt));
}

function textAt(row: Fields, key: string): string | undefined {
  const value = row[key];
  return typeof value === 'string' ? value : undefined;
}

/** The last line of `restic backup --json`; undefined for the others. */
export function parseSummary(line: string): Stored | undefined {
  const fields = parse(line) as Fields | undefined;
  if (fields?.['message_type'] !== 'summary') return undefined;
  return {
    id: (textAt(fields, 'snapshot_id') ?? '').slice(0, 8),
    addedBytes: Number(fields['data_added_packed'] ?? fields['data_added'] ?? 0),
    totalBytes: Number(fields['total_bytes_processed'] ?? 0),
  };
}

/** How far it is, from 0 to 1, in a line of `restic backup --json`; undefined for one that does not say. */
export function progressOf(line: string): number | undefined {
  const fields = parse(line) as Fields | undefined;
  const share = fields?.['message_type'] === 'status' ? fields['percent_done'] : undefined;
  return typeof share === 'number' ? share : undefined;
}

function tagsOf(tags: unknown): Record<string, string> {
  const words = Array.isArray(tags) ? tags.map(String) : [];
  return Object.fromEntries(
    words.map((word) => {
      const at = word.indexOf('=');
      return at < 0 ? [word, ''] : [word.slice(0, at), word.slice(at + 1)];
    }),
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
