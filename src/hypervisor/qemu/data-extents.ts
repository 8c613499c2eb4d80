import { berthError } from '../../errors/index.ts';
import { type FileRange, run } from '../../host/index.ts';

/** A gigabyte of memory in which pages with data and without alternate makes 36 MiB of text; a usual one, below 1 MiB. */
const MAX_OUTPUT_BYTES = 256 * 1024 * 1024;

/** Parts of a file from `start` on that are not holes, in order. Node has no `lseek`, and `qemu-img` is there anyway. */
export async function dataExtents(path: string, start: number): Promise<FileRange[]> {
  const argv = ['qemu-img', 'map', '--output=json', '-f', 'raw', `--start-offset=${start}`, path];
  const { stdout } = await run(argv, { maxOutputBytes: MAX_OUTPUT_BYTES });
  return parseExtents(stdout);
}

/** Reads what `qemu-img map --output=json` prints. @throws `template-invalid` for anything else */
export function parseExtents(text: string): FileRange[] {
  const entries: unknown = JSON.parse(text);
  if (!Array.isArray(entries)) throw unreadable();
  return entries.flatMap((entry: unknown) => {
    if (!isExtent(entry)) throw unreadable();
    return entry.data ? [{ offset: entry.start, length: entry.length }] : [];
  });
}

function isExtent(value: unknown): value is { start: number; length: number; data: boolean } {
  if (typeof value !== 'object' || value === null) return false;
  const { start, length, data } = value as Record<string, unknown>;
  return typeof start === 'number' && typeof length === 'number' && typeof data === 'boolean';
}

function unreadable(): Error {
  return berthError('template-invalid', 'qemu-img does not tell which parts of the saved state hold data');
}
