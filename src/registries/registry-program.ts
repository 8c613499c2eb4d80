import { dirname } from 'node:path';
import { Mutex, poll } from '../base/index.ts';
import { asBerthError, berthError } from '../errors/index.ts';
import {
  commandLine,
  connectUnix,
  createCgroup,
  ensureDirectory,
  findProgram,
  isAlive,
  listProcesses,
  openCgroup,
  type ProcessIdentity,
  removeTree,
  run,
  startDetached,
  tailFile,
  terminate,
  writeAtomic,
  chown,
} from '../host/index.ts';
import type { CacheRecord } from './cache-store.ts';
import type { CacheFiles } from './layout.ts';
import { registryConfiguration } from './registry-configuration.ts';

/** Debian's package of this name has it. */
export const REGISTRY_PROGRAM = 'docker-registry';

const START_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 5_000;
const COLLECT_TIMEOUT_MS = 600_000;
const MEMORY_BYTES = 1024 ** 3;
const MAX_PROCESSES = 128;
const KEPT_LOG_BYTES = 2_000;
/** What the program was asked to forget, and when: it drops everything after a week, whether it is used or not. */
const EXPIRY_FILE = 'scheduler-state.json';

/** True when the program is installed. */
export async function hasRegistryProgram(): Promise<boolean> {
  return (await findProgram(REGISTRY_PROGRAM)) !== undefined;
}

/**
 * The registry program of one cache: a process without privileges and without a name, which reads from the passage outside
 * what it does not have, and listens on a unix socket that only it and root can open.
 */
export class RegistryProgram {
  readonly #record: CacheRecord;
  readonly #files: CacheFiles;
  /** Where the passage outside listens: `http://100.127.1.2:5001`. */
  readonly #passage: string;
  readonly #cgroup: string;
  readonly #changing = new Mutex();
  #known: ProcessIdentity | undefined;

  constructor(o: {
    readonly record: CacheRecord;
    readonly files: CacheFiles;
    readonly passage: string;
    readonly homeId: string;
  }) {
    this.#record = o.record;
    this.#files = o.files;
    this.#passage = o.passage;
    this.#cgroup = `cache-${o.homeId}-${o.record.uid}`;
  }

  /** Its process; undefined when it does not run. One that an earlier daemon started is found by its arguments. */
  process(): ProcessIdentity | undefined {
    if (this.#known !== undefined && isAlive(this.#known)) return this.#known;
    this.#known = listProcesses().find(({ pid }) => {
      const argv = commandLine(pid);
      return argv?.[0] === REGISTRY_PROGRAM && argv.includes(this.#files.configuration);
    });
    return this.#known;
  }

  /** Sees that it runs; returns the path of its socket. @throws `tool-missing`, `command-failed` */
  async ensure(): Promise<string> {
    if (this.#known !== undefined && isAlive(this.#known)) return this.#files.socket;
    return this.#changing.run(async () => {
      const running = this.process();
      if (running === undefined || !(await this.#accepts())) {
        await this.#end();
        await this.#start();
      }
      return this.#files.socket;
    });
  }

  /** Ends it; fine when it does not run. */
  async stop(): Promise<void> {
    await this.#changing.run(() => this.#end());
  }

  /** Frees the blobs that nothing refers to any more; nothing else is done with the cache meanwhile. */
  async collectGarbage(change: () => Promise<void>, signal?: AbortSignal): Promise<void> {
    await this.#changing.run(async () => {
      await this.#end();
      await change();
      await this.#configure();
      await run([...this.#confined(), REGISTRY_PROGRAM, 'garbage-collect', this.#files.configuration], {
        timeoutMs: COLLECT_TIMEOUT_MS,
        ...(signal === undefined ? {} : { signal }),
      });
    });
  }

  async #accepts(): Promise<boolean> {
    try {
      (await connectUnix(this.#files.socket, { timeoutMs: 1_000 })).destroy();
      return true;
    } catch {
      return false;
    }
  }

  async #configure(): Promise<void> {
    const { uid } = this.#record;
    await ensureDirectory(dirname(this.#files.run), { mode: 0o711 });
    await ensureDirectory(this.#files.run, { mode: 0o700, uid, gid: uid });
    await writeAtomic(
      this.#files.configuration,
      registryConfiguration({
        data: this.#files.data,
        socket: this.#files.socket,
        remote: `${this.#passage}/${this.#record.secret}/`,
      }),
      { mode: 0o400 },
    );
    await chown(this.#files.configuration, uid, uid);
  }

  async #start(): Promise<void> {
    await this.#configure();
    await removeTree(this.#files.socket);
    await removeTree(`${this.#files.data}/${EXPIRY_FILE}`);
    const cgroup = await createCgroup(this.#cgroup, { memoryMaxBytes: MEMORY_BYTES, pidsMax: MAX_PROCESSES });
    const { log } = this.#files;
    this.#known = await startDetached(
      [...this.#confined(), REGISTRY_PROGRAM, 'serve', this.#files.configuration],
      {
        stdoutPath: log,
        stderrPath: log,
        cgroup,
      },
    );
    try {
      await poll(async () => this.#started(), {
        timeoutMs: START_TIMEOUT_MS,
        intervalMs: 10,
        what: `the cache of ${this.#record.registry}`,
      });
    } catch (error) {
      const said = (await tailFile(log, KEPT_LOG_BYTES).catch(() => '')).trim().split('\n').at(-1) ?? '';
      await this.#end();
      const message = `the cache of ${this.#record.registry} does not start: ${asBerthError(error).message}`;
      throw berthError('command-failed', said === '' ? message : `${message}; it said: ${said}`, {
        cause: error,
      });
    }
  }

  async #started(): Promise<true | undefined> {
    if (this.#known === undefined || !isAlive(this.#known))
      throw berthError('command-failed', `${REGISTRY_PROGRAM} ended at once`);
    return (await this.#accepts()) ? true : undefined;
  }

  #confined(): string[] {
    const { uid } = this.#record;
    const user = [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'];
    return ['setpriv', ...user, '--no-new-privs', '--inh-caps=-all', '--bounding-set=-all', '--'];
  }

  async #end(): Promise<void> {
    const running = this.process();
    if (running !== undefined) {
      const gone =
        (await terminate(running, { timeoutMs: STOP_TIMEOUT_MS })) ||
        (await terminate(running, { signal: 'SIGKILL', timeoutMs: STOP_TIMEOUT_MS }));
      if (!gone)
        throw berthError('timeout', `the cache of ${this.#record.registry} (${running.pid}) does not end`);
    }
    this.#known = undefined;
    await (await openCgroup(this.#cgroup))?.remove();
  }
}
