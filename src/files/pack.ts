import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { createTarPacker, type TarHeader } from 'modern-tar';
import type { FileEntry } from './file-entry.ts';

/** How much of a file is read at once. */
const CHUNK_BYTES = 1024 * 1024;
/** Small pieces are joined to pieces of about this size. */
const PIECE_BYTES = 256 * 1024;
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

export interface PackOptions {
  /** Path in the archive for a path on disk; default: the same, without the first slash. */
  readonly nameOf?: (path: string) => string;
  /** Called with what could not be read; it is not in the archive. */
  readonly onSkipped?: (path: string, reason: string) => void;
}

/**
 * A tar archive of entries, read as it is consumed. A file that has become shorter while it was read is filled up with
 * zeros, and one that has grown is cut off at the length it had: its time has changed, so that the next look sends it again.
 */
export function packFiles(
  entries: Iterable<FileEntry>,
  options: PackOptions = {},
): AsyncIterable<Uint8Array> {
  const { readable, controller } = createTarPacker();
  const feed = async () => {
    for (const entry of entries) {
      if (entry.kind === 'file') await addFile((header) => controller.add(header), entry, options);
      else await controller.add(headerOf(entry, options)).close();
    }
    controller.finalize();
  };
  feed().catch((error: unknown) => controller.error(error));
  return joinPieces(readable);
}

async function addFile(
  add: (header: TarHeader) => WritableStream<Uint8Array>,
  entry: FileEntry,
  options: PackOptions,
): Promise<void> {
  let descriptor: number;
  try {
    descriptor = openSync(entry.path, OPEN_FLAGS);
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    options.onSkipped?.(entry.path, reason);
    return;
  }
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) return options.onSkipped?.(entry.path, 'it is no file any more');
    const now = { ...entry, sizeBytes: stats.size, mtimeUs: Math.floor(stats.mtimeMs * 1000) };
    const writer = add(headerOf(now, options)).getWriter();
    for (let left = stats.size; left > 0; ) {
      const chunk = new Uint8Array(Math.min(left, CHUNK_BYTES));
      // What could not be read any more stays zero.
      readSync(descriptor, chunk, 0, chunk.length, null);
      await writer.write(chunk);
      left -= chunk.length;
    }
    await writer.close();
  } finally {
    closeSync(descriptor);
  }
}

function headerOf(entry: FileEntry, options: PackOptions): TarHeader {
  const { path, kind, mode, uid, gid, sizeBytes, mtimeUs, target } = entry;
  const name = options.nameOf?.(path) ?? path.slice(1);
  const common = { mode, uid, gid, mtime: new Date(Math.floor(mtimeUs / 1000)) };
  if (kind === 'directory') return { ...common, name: `${name}/`, size: 0, type: 'directory' };
  if (kind === 'link')
    return {
      ...common,
      name,
      size: 0,
      type: 'symlink',
      ...(target === undefined ? {} : { linkname: target }),
    };
  // The header's own time has whole seconds only.
  return { ...common, name, size: sizeBytes, type: 'file', pax: { mtime: (mtimeUs / 1_000_000).toFixed(6) } };
}

async function* joinPieces(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  let size = 0;
  for await (const piece of pieces) {
    held.push(piece);
    size += piece.length;
    if (size < PIECE_BYTES) continue;
    yield held.length === 1 ? piece : Buffer.concat(held);
    held = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(held);
}
