import { asBerthError, type BerthError, berthError } from '../errors/index.ts';
import { findProgram, run, type RunOptions } from '../host/index.ts';
import { parseSnapshots, parseSummary, progressOf, type Snapshot, type Stored } from './restic-output.ts';

/** What looks and small changes may take, over whatever network. */
const QUICK_TIMEOUT_MS = 45_000;
/** What moves data. */
const LONG_TIMEOUT_MS = 24 * 3_600_000;
/** The tags alone tell what belongs together: the same from whichever host it was stored. */
const EMPTY_GROUP = '';

/** How a repository is reached. */
export interface Access {
  /** As restic names it. */
  readonly location: string;
  readonly passwordFile: string;
  readonly cacheDirectory: string;
  /** Secrets of the store; they are given by the environment, which only root can read. */
  readonly variables: Readonly<Record<string, string>>;
}

export interface Waiting {
  readonly signal: AbortSignal;
  /** How far it is, from 0 to 1. */
  readonly onProgress?: (share: number) => void;
}

/** How many of a kind are kept by {@link Restic.forgetOld}; at least one is given. */
export interface Retention {
  readonly last?: number | undefined;
  readonly daily?: number | undefined;
  readonly weekly?: number | undefined;
  readonly monthly?: number | undefined;
  readonly yearly?: number | undefined;
}

/**
 * One repository, through restic (https://restic.net): encrypted, in content-addressed chunks, each stored once. restic ends with this
 * process, whatever ends it. Fails with `tool-missing`, `disk-full`, `cancelled`, `timeout` and, for all else, `backup-repository-failed`.
 */
export class Restic {
  readonly #access: Access;

  constructor(access: Access) {
    this.#access = access;
  }

  /** Opens the repository, or makes it. With `mayExist: false` it must be new. */
  async openOrInit(o: { readonly mayExist: boolean; readonly signal: AbortSignal }): Promise<void> {
    const found = await this.#open(o.signal);
    if (!found) {
      await this.#run(['init'], { timeoutMs: QUICK_TIMEOUT_MS, signal: o.signal });
      return;
    }
    if (o.mayExist) return;
    throw berthError('bad-request', `there is a repository at ${this.#access.location} already`, {
      remedy: 'Give its password with `--password-file FILE`.',
    });
  }

  /** Everything in it, oldest first. */
  async snapshots(signal: AbortSignal): Promise<Snapshot[]> {
    const { stdout } = await this.#run(['snapshots', '--json'], { timeoutMs: QUICK_TIMEOUT_MS, signal });
    return parseSnapshots(stdout);
  }

  /** Stores what lies in a directory, all or nothing. */
  async store(directory: string, tags: Readonly<Record<string, string>>, o: Waiting): Promise<Stored> {
    const words = Object.entries(tags).flatMap(([key, value]) => ['--tag', `${key}=${value}`]);
    let summary: Stored | undefined;
    // A part that could not be read would be left out: `run` takes the exit code 3 for the failure that it is.
    await this.#changing(o.signal, () =>
      this.#run(['backup', '--json', '--force', ...words, '.'], {
        ...{ timeoutMs: LONG_TIMEOUT_MS, signal: o.signal, cwd: directory },
        onLine: (line) => {
          summary = parseSummary(line) ?? summary;
          const share = progressOf(line);
          if (share !== undefined) o.onProgress?.(share);
        },
      }),
    );
    if (summary === undefined)
      throw berthError('backup-repository-failed', 'restic did not tell what it stored');
    return summary;
  }

  /** Writes what was stored into a directory. */
  async restore(id: string, directory: string, { signal }: Waiting): Promise<void> {
    await this.#run(['restore', id, '--target', directory], { timeoutMs: LONG_TIMEOUT_MS, signal });
  }

  /** Text of a small stored file. */
  async read(id: string, name: string, signal: AbortSignal): Promise<string> {
    const { stdout } = await this.#run(['dump', id, `/${name}`], { timeoutMs: QUICK_TIMEOUT_MS, signal });
    return stdout;
  }

  /** Takes snapshots out of the list; their data goes with {@link prune}. */
  async forget(ids: readonly string[], signal: AbortSignal): Promise<void> {
    if (ids.length === 0) return;
    await this.#changing(signal, () =>
      this.#run(['forget', ...ids], { timeoutMs: QUICK_TIMEOUT_MS, signal }),
    );
  }

  /** Takes out of the snapshots that have all of `tags` those that are not to be kept. */
  async forgetOld(
    tags: Readonly<Record<string, string>>,
    retention: Retention,
    signal: AbortSignal,
  ): Promise<void> {
    const keep = Object.entries(retention).flatMap(([every, count]) =>
      count === undefined ? [] : [`--keep-${every}`, String(count)],
    );
    if (keep.length === 0) throw berthError('internal', 'without a rule nothing would be kept');
    const all = Object.entries(tags).map(([key, value]) => `${key}=${value}`);
    await this.#changing(signal, () =>
      this.#run(['forget', '--group-by', EMPTY_GROUP, '--tag', all.join(','), ...keep], {
        timeoutMs: QUICK_TIMEOUT_MS,
        signal,
      }),
    );
  }

  /** Removes data that no snapshot needs. */
  async prune(signal: AbortSignal): Promise<void> {
    await this.#changing(signal, () => this.#run(['prune'], { timeoutMs: LONG_TIMEOUT_MS, signal }));
  }

  /**
   * Checks that the repository is whole; with `data` every byte of it is read.
   * @throws `backup-damaged`
   */
  async check(o: { readonly data: boolean; readonly signal: AbortSignal }): Promise<void> {
    const words = o.data ? ['check', '--read-data'] : ['check'];
    try {
      await this.#changing(o.signal, () =>
        this.#run(words, { timeoutMs: LONG_TIMEOUT_MS, signal: o.signal }),
      );
    } catch (error) {
      const { code, message } = asBerthError(error);
      if (code !== 'backup-repository-failed') throw error;
      throw berthError('backup-damaged', message, { cause: error });
    }
  }

  /** False where there is none. */
  async #open(signal: AbortSignal): Promise<boolean> {
    try {
      await this.#run(['cat', 'config'], { timeoutMs: QUICK_TIMEOUT_MS, signal });
      return true;
    } catch (error) {
      const { code, message } = asBerthError(error);
      if (code === 'backup-repository-failed' && isAbsent(message)) return false;
      throw error;
    }
  }

  /** What was killed leaves a lock behind; restic itself knows which locks are of processes that are gone. */
  async #changing<Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
    await this.#unlock();
    try {
      return await work();
    } catch (error) {
      if (signal.aborted) await this.#unlock();
      throw error;
    }
  }

  async #unlock(): Promise<void> {
    await this.#run(['unlock'], { timeoutMs: QUICK_TIMEOUT_MS });
  }

  async #run(words: readonly string[], o: RunOptions) {
    if ((await findProgram('restic')) === undefined)
      throw berthError('tool-missing', 'restic is not installed');
    const { location, passwordFile, cacheDirectory, variables } = this.#access;
    const env = {
      ...variables,
      ...{
        RESTIC_REPOSITORY: location,
        RESTIC_PASSWORD_FILE: passwordFile,
        RESTIC_CACHE_DIR: cacheDirectory,
      },
    };
    // It gives way to what runs in the machines, and does not outlive this process.
    const argv = ['setpriv', '--pdeathsig', 'KILL', 'nice', '-n', '5', 'restic', ...words];
    try {
      return await run(argv, { ...o, env });
    } catch (error) {
      throw failureOf(asBerthError(error), location);
    }
  }
}

function isAbsent(message: string): boolean {
  // Where the credentials are wrong it asks whether there is one as well.
  return /no such file or directory|specified (key|bucket) does not exist|NoSuch(Key|Bucket)|repository does not exist/i.test(
    message,
  );
}

/** What restic said, without its own banner, as one of ours. */
function failureOf(error: BerthError, location: string): BerthError {
  if (error.code === 'timeout')
    return berthError('backup-repository-failed', `the repository ${location} did not answer in time`, {
      cause: error,
    });
  if (error.code !== 'command-failed') return error;
  const said = error.message.replace(/^setpriv failed with exit code (\d+): ?/, '').trim();
  if (/no space left on device/i.test(said))
    return berthError('disk-full', `the backup repository ${location} has no space left`, { cause: error });
  if (/already locked|unable to create lock/i.test(said))
    return berthError('conflict', `something else is being done with the repository ${location}`, {
      cause: error,
    });
  if (/wrong password or no key found/i.test(said))
    return berthError('backup-repository-failed', `the password does not open the repository ${location}`, {
      remedy:
        'Give the password that it was made with: `./berth backup repo add NAME LOCATION --password-file FILE`.',
      cause: error,
    });
  return berthError('backup-repository-failed', `the repository ${location}: ${said}`, { cause: error });
}
