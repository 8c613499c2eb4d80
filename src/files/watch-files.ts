import { watch } from 'chokidar';
import { berthError } from '../errors/index.ts';
import { isWithin } from '../model/index.ts';
import { readIgnoreRules } from './ignore-rules.ts';

/** Tells when something in directories has changed. */
export interface FilesWatcher {
  /** Resolves once every directory is watched. */
  readonly ready: Promise<void>;
  /** Resolves with the next change, or at once when there was one since the last call; false when it was closed. */
  next(): Promise<boolean>;
  close(): Promise<void>;
}

/** Changes that come within this time are one; a program that writes many files is given a little longer. */
const QUIET_MS = 120;
const LONGEST_MS = 600;

/** Watches directories and files. `exclude` and `.berthignore` are heeded as in `scan`. */
export function watchFiles(roots: readonly string[], exclude: ReadonlySet<string>): FilesWatcher {
  const rules = roots.map((root) => ({ root, ignores: readIgnoreRules(root) }));
  const ignored = (path: string, stats?: { isDirectory(): boolean }) => {
    if (exclude.has(path)) return true;
    const own = rules.find(({ root }) => isWithin(path, root));
    if (own === undefined || path === own.root || stats === undefined) return false;
    return own.ignores(path.slice(own.root.length + 1), stats.isDirectory());
  };
  const watcher = watch([...roots], { ignored, ignoreInitial: true, followSymlinks: false, atomic: false });
  const changes = new Changes();
  const ready = Promise.withResolvers<void>();
  watcher.on('all', () => changes.note());
  watcher.once('ready', () => ready.resolve());
  watcher.on('error', (error) => {
    const failure = failureOf(error);
    ready.reject(failure);
    changes.fail(failure);
  });
  ready.promise.catch(() => undefined);
  return {
    ready: ready.promise,
    next: () => changes.next(),
    close: async () => {
      changes.close();
      await watcher.close();
    },
  };
}

/** Joins changes that come close together. */
class Changes {
  #firstMs: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #due = false;
  #closed = false;
  #failure: Error | undefined;
  #waiting: PromiseWithResolvers<boolean> | undefined;

  note(): void {
    const nowMs = performance.now();
    this.#firstMs ??= nowMs;
    clearTimeout(this.#timer);
    const waitMs = Math.min(QUIET_MS, Math.max(0, this.#firstMs + LONGEST_MS - nowMs));
    this.#timer = setTimeout(() => {
      this.#firstMs = undefined;
      this.#due = true;
      this.#settle();
    }, waitMs);
  }

  fail(error: Error): void {
    this.#failure ??= error;
    this.#settle();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#closed = true;
    this.#settle();
  }

  next(): Promise<boolean> {
    this.#waiting ??= Promise.withResolvers<boolean>();
    const { promise } = this.#waiting;
    this.#settle();
    return promise;
  }

  #settle(): void {
    const waiting = this.#waiting;
    if (waiting === undefined || !(this.#due || this.#closed || this.#failure !== undefined)) return;
    this.#waiting = undefined;
    if (this.#closed) waiting.resolve(false);
    else if (this.#failure !== undefined) waiting.reject(this.#failure);
    else waiting.resolve(true);
    this.#due = false;
  }
}

function failureOf(error: unknown): Error {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const words = error instanceof Error ? error.message : String(error);
  if (code !== 'ENOSPC' && code !== 'EMFILE')
    return berthError('command-failed', `the files cannot be watched: ${words}`, { cause: error });
  return berthError('command-failed', 'the files cannot be watched: the kernel allows no more watches', {
    remedy:
      'Leave directories out in .berthignore, or allow more: `sysctl fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=512`.',
    cause: error,
  });
}
