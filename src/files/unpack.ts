import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  futimesSync,
  linkSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  type Stats,
  symlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { createTarDecoder, type ParsedTarEntry, type TarHeader } from 'modern-tar';
import { berthError } from '../errors/index.ts';

export interface UnpackOptions {
  /** Where an entry goes, below the directory; `''` is the directory itself, undefined leaves it out. Default: where its name says. */
  readonly place?: (name: string, isDirectory: boolean) => string | undefined;
  /** Owners and set-id bits as the archive has them; only root can. Default: those of whoever unpacks. */
  readonly keepOwner?: boolean;
  /** Called with what is left out: devices, pipes and what else is no file. */
  readonly onSkipped?: (name: string, reason: string) => void;
}

/** What was written. */
export interface Unpacked {
  readonly files: number;
  readonly sizeBytes: number;
}

const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/**
 * Writes what a tar archive holds into a directory, and nothing outside of it whatever the archive says: names that are
 * absolute or climb are refused, and so is whatever would be written through a symbolic link. A file that is there is
 * replaced as a whole. What was written before a refusal stays.
 * @throws `archive-unsafe`
 */
export async function unpackInto(
  directory: string,
  archive: AsyncIterable<Uint8Array>,
  options: UnpackOptions = {},
): Promise<Unpacked> {
  const unpacker = new Unpacker(directory, options);
  const decoder = createTarDecoder({ strict: true });
  const entries = ReadableStream.from(archive).pipeThrough(decoder);
  try {
    for await (const entry of entries) await unpacker.add(entry);
  } catch (error) {
    if (error instanceof Error && /^(Invalid|Tar|TAR|Unexpected)/.test(error.message))
      throw berthError('bad-request', `it is no tar archive: ${error.message}`, { cause: error });
    throw error;
  } finally {
    unpacker.finish();
  }
  return unpacker;
}

class Unpacker implements Unpacked {
  files = 0;
  sizeBytes = 0;
  readonly #directory: string;
  readonly #options: UnpackOptions;
  /** Directories of which it is known that no link is on the way to them. */
  readonly #safe: Set<string>;
  /** What directories are given once nothing more is written into them. */
  readonly #directories = new Map<string, TarHeader>();

  constructor(directory: string, options: UnpackOptions) {
    this.#directory = directory;
    this.#options = options;
    this.#safe = new Set([directory]);
  }

  async add({ header, body }: ParsedTarEntry): Promise<void> {
    const path = this.#pathOf(header.name, header.type === 'directory');
    if (path === undefined) return body.cancel();
    switch (header.type ?? 'file') {
      case 'directory':
        this.#makeDirectory(path, header);
        return body.cancel();
      case 'file':
        return this.#writeFile(path, header, body);
      case 'symlink':
        this.#replace(path, header.name, (temporary) => {
          symlinkSync(header.linkname ?? '', temporary);
          if (this.#options.keepOwner === true) lchownSync(temporary, header.uid ?? 0, header.gid ?? 0);
        });
        return body.cancel();
      case 'link':
        this.#makeLink(path, header);
        return body.cancel();
      default:
        this.#options.onSkipped?.(header.name, `is no file (${header.type ?? ''})`);
        return body.cancel();
    }
  }

  /** Gives directories their permissions and times, the deepest first. */
  finish(): void {
    for (const [path, header] of [...this.#directories].reverse()) {
      this.#own(header, (uid, gid) => chownSync(path, uid, gid));
      chmodSync(path, this.#modeOf(header));
      if (header.mtime !== undefined) utimesSync(path, ...timesOf(header));
    }
  }

  /** Absolute path of an entry; undefined when it is left out. */
  #pathOf(name: string, isDirectory: boolean): string | undefined {
    const plain = name
      .replace(/\/+$/, '')
      .replace(/^(\.\/+)+/, '')
      .replace(/^\.$/, '');
    assertInside(name, plain);
    const relative =
      this.#options.place?.(plain, isDirectory) ?? (this.#options.place === undefined ? plain : undefined);
    if (relative === undefined) return undefined;
    assertInside(name, relative);
    return relative === '' ? this.#directory : join(this.#directory, relative);
  }

  #makeDirectory(path: string, header: TarHeader): void {
    if (path === this.#directory) return;
    this.#enter(path, header.name);
    this.#directories.set(path, header);
  }

  async #writeFile(path: string, header: TarHeader, body: ReadableStream<Uint8Array>): Promise<void> {
    const temporary = this.#prepare(path, header.name);
    const descriptor = openSync(temporary, NEW_FILE, 0o600);
    try {
      for await (const chunk of body) {
        for (let at = 0; at < chunk.length; ) at += writeSync(descriptor, chunk, at);
      }
      this.#own(header, (uid, gid) => fchownSync(descriptor, uid, gid));
      fchmodSync(descriptor, this.#modeOf(header));
      if (header.mtime !== undefined) futimesSync(descriptor, ...timesOf(header));
      closeSync(descriptor);
      renameSync(temporary, path);
    } catch (error) {
      closeQuietly(descriptor);
      rmSync(temporary, { force: true });
      throw error;
    }
    this.files += 1;
    this.sizeBytes += header.size;
  }

  #makeLink(path: string, header: TarHeader): void {
    const target = this.#pathOf(header.linkname ?? '', false);
    if (target === undefined || target === this.#directory || !this.#stats(target)?.isFile())
      throw unsafe(header.name, `is a hard link to ${header.linkname ?? 'nothing'}, which is no file of it`);
    this.#enter(dirname(target), header.name);
    this.#replace(path, header.name, (temporary) => linkSync(target, temporary));
  }

  /** Makes something under another name and puts it in its place at once. */
  #replace(path: string, name: string, make: (temporary: string) => void): void {
    const temporary = this.#prepare(path, name);
    try {
      make(temporary);
      renameSync(temporary, path);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
    this.files += 1;
  }

  /** Makes sure that something that is no directory can be written at `path`; gives a name beside it. */
  #prepare(path: string, name: string): string {
    if (path === this.#directory) throw unsafe(name, 'would take the place of the directory itself');
    this.#enter(dirname(path), name);
    if (this.#stats(path)?.isDirectory() === true)
      throw berthError('bad-request', `${path} is a directory, and a file would take its place`);
    return join(dirname(path), `.berth-${randomBytes(6).toString('hex')}`);
  }

  /** Makes sure that a path is a directory with no link on the way to it, making what is missing. */
  #enter(path: string, name: string): void {
    if (this.#safe.has(path)) return;
    this.#enter(dirname(path), name);
    const stats = this.#stats(path);
    if (stats === undefined) mkdirSync(path);
    else if (stats.isSymbolicLink()) throw unsafe(name, `would be written through the symbolic link ${path}`);
    else if (!stats.isDirectory())
      throw berthError('bad-request', `${path} is no directory, and a directory would take its place`);
    this.#safe.add(path);
  }

  #stats(path: string): Stats | undefined {
    return lstatSync(path, { throwIfNoEntry: false });
  }

  #own(header: TarHeader, set: (uid: number, gid: number) => void): void {
    if (this.#options.keepOwner === true) set(header.uid ?? 0, header.gid ?? 0);
  }

  #modeOf(header: TarHeader): number {
    const mode = header.mode ?? (header.type === 'directory' ? 0o755 : 0o644);
    return mode & (this.#options.keepOwner === true ? 0o7777 : 0o777);
  }
}

function assertInside(name: string, path: string): void {
  if (path.startsWith('/')) throw unsafe(name, 'is absolute');
  if (path.includes('\0')) throw unsafe(name, 'has a NUL in it');
  if (path.split('/').includes('..')) throw unsafe(name, 'climbs out of its directory');
}

/** The header's own time has whole seconds; the record beside it has all of it. */
function timesOf(header: TarHeader): [number, number] {
  const exact = Number(header.pax?.['mtime']);
  const time = Number.isFinite(exact) && exact > 0 ? exact : (header.mtime?.getTime() ?? 0) / 1000;
  return [time, time];
}

function closeQuietly(descriptor: number): void {
  try {
    closeSync(descriptor);
  } catch {
    // It is closed already.
  }
}

function unsafe(name: string, what: string): Error {
  const shown = name.length > 80 ? `${name.slice(0, 80)}…` : name;
  return berthError('archive-unsafe', `"${shown}" in the archive ${what}`);
}
