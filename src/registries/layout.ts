import { createHash } from 'node:crypto';
import { join } from 'node:path';

/** Where things of one cache lie. */
export interface CacheFiles {
  /** `$BERTH_HOME/cache/ID` */
  readonly directory: string;
  /** Which registry it is for; see {@link CacheRecord}. */
  readonly record: string;
  /** The credential that it asks with; only root reads it. */
  readonly credential: string;
  /** Configuration of the registry program. */
  readonly configuration: string;
  /** What it has kept; belongs to the registry program. */
  readonly data: string;
  readonly log: string;
  /** When each image was used last. */
  readonly uses: string;
  /** Directory of the registry program's socket. */
  readonly run: string;
  readonly socket: string;
}

/** Where caches of a home lie; `docs/architecture.md` lists the files. */
export class CacheLayout {
  /** `$BERTH_HOME/cache` */
  readonly directory: string;
  /** Secret by which the ids of caches with credentials are made. */
  readonly key: string;
  /** Downloads on their way, without names. */
  readonly spool: string;
  readonly #run: string;

  constructor(o: { readonly home: string; readonly run: string }) {
    this.directory = join(o.home, 'cache');
    this.key = join(this.directory, 'key');
    this.spool = join(this.directory, 'spool');
    this.#run = join(o.run, 'cache');
  }

  get run(): string {
    return this.#run;
  }

  filesOf(id: string): CacheFiles {
    const directory = join(this.directory, id);
    // The path of a socket holds about a hundred characters; a registry's host may be longer.
    const run = join(this.#run, createHash('sha256').update(id).digest('hex').slice(0, 10));
    return {
      directory,
      run,
      record: join(directory, 'cache.json'),
      credential: join(directory, 'credential.json'),
      configuration: join(directory, 'registry.yml'),
      data: join(directory, 'data'),
      log: join(directory, 'registry.log'),
      uses: join(directory, 'uses.json'),
      socket: join(run, 'registry.sock'),
    };
  }
}
