import { lstatSync, readdirSync, readlinkSync, type Stats, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { isWithin } from '../model/index.ts';
import type { FileEntry } from './file-entry.ts';
import { type IgnoreRules, readIgnoreRules } from './ignore-rules.ts';

export interface ScanOptions {
  /** Absolute paths that are left out, with all below them. */
  readonly exclude?: ReadonlySet<string>;
  /** Stop when more than this is found. */
  readonly limit?: { readonly files: number; readonly bytes: number };
  /** Heed `.berthignore`; true by default. */
  readonly ignoreFile?: boolean;
  readonly signal?: AbortSignal;
}

/** Something of which the reader should know that it is not, or not quite, sent. */
export interface ScanNote {
  readonly path: string;
  readonly message: string;
}

/** What trees hold. */
export interface Scan {
  readonly entries: ReadonlyMap<string, FileEntry>;
  readonly notes: readonly ScanNote[];
  /** Sum of the sizes of its files. */
  readonly sizeBytes: number;
  /** True when the limit ended it: the rest is not in it. */
  readonly cut: boolean;
}

/** A directory that holds this file is a data directory of Berth and never part of a project. */
const HOME_MARK = 'berth-home';
/** After so many entries others get their turn. */
const TURN = 2_000;

/**
 * Lists directories (and single files) with everything below them. Links are listed as links and never followed; the
 * root itself may be one. Sockets, devices and pipes are passed over with a note.
 */
export async function scan(roots: readonly string[], options: ScanOptions = {}): Promise<Scan> {
  const scanner = new Scanner(roots, options);
  for (const root of roots) await scanner.addRoot(root);
  return scanner;
}

class Scanner implements Scan {
  readonly entries = new Map<string, FileEntry>();
  readonly notes: ScanNote[] = [];
  sizeBytes = 0;
  cut = false;
  readonly #roots: readonly string[];
  readonly #options: ScanOptions;
  #sinceTurn = 0;

  constructor(roots: readonly string[], options: ScanOptions) {
    this.#roots = roots;
    this.#options = options;
  }

  async addRoot(root: string): Promise<void> {
    const stats = statSync(root);
    this.#add(root, stats);
    if (!stats.isDirectory()) return;
    const rules = this.#options.ignoreFile === false ? () => false : readIgnoreRules(root);
    const pending = [root];
    for (let at = pending.pop(); at !== undefined && !this.cut; at = pending.pop()) {
      for (const directory of this.#list(at, root, rules)) pending.push(directory);
      if (this.#sinceTurn >= TURN) await this.#giveTurn();
    }
  }

  /** Adds what is in a directory; gives the directories among it. */
  #list(directory: string, root: string, rules: IgnoreRules): string[] {
    let names: string[];
    try {
      names = readdirSync(directory);
    } catch (error) {
      this.#unreadable(directory, error);
      return [];
    }
    if (names.includes(HOME_MARK)) {
      this.notes.push({ path: directory, message: 'is a data directory of Berth: left out' });
      return [];
    }
    return names.flatMap((name) => {
      const path = join(directory, name);
      return this.#visit(path, path.slice(root === '/' ? 1 : root.length + 1), rules) ? path : [];
    });
  }

  /** True for a directory to look into. */
  #visit(path: string, relative: string, rules: IgnoreRules): boolean {
    if (this.#options.exclude?.has(path) === true) return false;
    let stats: Stats;
    try {
      stats = lstatSync(path);
    } catch {
      // Gone since its directory was read.
      return false;
    }
    if (rules(relative, stats.isDirectory())) return false;
    if (path.includes('\uFFFD')) {
      this.notes.push({ path, message: 'has a name that is not UTF-8: left out' });
      return false;
    }
    return this.#add(path, stats);
  }

  #add(path: string, stats: Stats): boolean {
    const common = {
      path,
      mode: stats.mode & 0o7777,
      uid: stats.uid,
      gid: stats.gid,
      sizeBytes: 0,
      mtimeUs: Math.floor(stats.mtimeMs * 1000),
    };
    this.#sinceTurn += 1;
    if (stats.isDirectory()) this.entries.set(path, { ...common, kind: 'directory' });
    else if (stats.isFile()) {
      this.entries.set(path, { ...common, kind: 'file', sizeBytes: stats.size });
      this.sizeBytes += stats.size;
    } else if (stats.isSymbolicLink()) {
      const target = readlinkSync(path);
      this.entries.set(path, { ...common, kind: 'link', mode: 0o777, target });
      this.#checkLink(path, target);
    } else this.notes.push({ path, message: `is ${kindOf(stats)}: left out` });
    const { limit } = this.#options;
    if (limit !== undefined && (this.entries.size > limit.files || this.sizeBytes > limit.bytes))
      this.cut = true;
    return stats.isDirectory();
  }

  #checkLink(path: string, target: string): void {
    const end = resolve(dirname(path), target);
    if (this.#roots.some((root) => isWithin(end, root))) return;
    const message = `is a link to ${target}, out of the project: it is sent as a link, and what it leads to is not`;
    this.notes.push({ path, message });
  }

  #unreadable(path: string, error: unknown): void {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    if (code !== 'ENOENT') this.notes.push({ path, message: `cannot be read (${code}): left out` });
  }

  async #giveTurn(): Promise<void> {
    this.#sinceTurn = 0;
    await new Promise((resolve) => setImmediate(resolve));
    this.#options.signal?.throwIfAborted();
  }
}

function kindOf(stats: Stats): string {
  if (stats.isSocket()) return 'a socket';
  return stats.isFIFO() ? 'a pipe' : 'a device';
}
