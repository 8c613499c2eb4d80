import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { berthError } from '../../errors/index.ts';
import {
  allocatedBytes,
  ensureDirectory,
  listDirectory,
  moveFile,
  openForReading,
  readJson,
  removeTree,
  saveStream,
  syncFile,
  writeJson,
} from '../../host/index.ts';
import type { EnvironmentId } from '../../model/index.ts';

const VERSION = 1;
const MANIFEST = 'manifest.json';
const UNFINISHED = '.keeping-';
const LEAVING = '.removing-';

/** One volume that outlives its environment. */
export interface KeptVolume {
  /** Its name in the machine that it comes from. */
  readonly name: string;
  readonly key?: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Name of the archive in the set's directory. */
  readonly file: string;
  /** Bytes that its content took in the machine. */
  readonly sizeBytes: number;
  /** sha256 (hex) of the archive. */
  readonly hash: string;
}

/** `volumes/NAME/manifest.json`: volumes that an environment left behind for the next of its name. Written last. */
export interface KeptSet {
  readonly version: typeof VERSION;
  /** Different for each set. */
  readonly id: string;
  /** Name of the environment. */
  readonly name: string;
  readonly environment: EnvironmentId;
  /** Name of the Compose project in the machine. */
  readonly project: string;
  readonly createdAt: string;
  readonly volumes: readonly KeptVolume[];
}

/** A set under construction. */
export interface UnfinishedSet {
  /** Adds a volume's archive. */
  add(volume: Omit<KeptVolume, 'file' | 'hash'>, archive: AsyncIterable<Uint8Array>): Promise<void>;
  /** From now on the set is there, in the place of an earlier one of the same environment. */
  complete(of: Pick<KeptSet, 'project'>): Promise<KeptSet>;
  /** Removes what there is of it. May be called after {@link complete}, and twice. */
  discard(): Promise<void>;
}

/** The volumes that removed environments left behind. What exists is what has a manifest. */
export class KeptVolumes {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** By name. */
  async list(): Promise<KeptSet[]> {
    const names = (await listDirectory(this.#directory)).filter((name) => !name.startsWith('.'));
    return (await Promise.all(names.map((name) => this.find(name)))).filter((set) => set !== undefined);
  }

  async find(name: string): Promise<KeptSet | undefined> {
    if (name.startsWith('.') || name.includes('/')) return undefined;
    const set = await readJson<KeptSet>(join(this.#directory, name, MANIFEST)).catch(() => undefined);
    return set?.version === VERSION && set.name === name ? set : undefined;
  }

  /** The archive of a volume. */
  open(set: KeptSet, volume: KeptVolume): Readable {
    return openForReading(join(this.#directory, set.name, volume.file));
  }

  /** Bytes that its archive takes on the host. */
  archiveBytes(set: KeptSet, volume: KeptVolume): Promise<number> {
    return allocatedBytes(join(this.#directory, set.name, volume.file));
  }

  /**
   * Begins a set for an environment of this name.
   * @throws `conflict` when another environment has left volumes of that name: they may be the only copy
   */
  async begin(name: string, environment: EnvironmentId): Promise<UnfinishedSet> {
    await this.#assertFree(name, environment);
    await ensureDirectory(this.#directory, { mode: 0o700 });
    const directory = join(this.#directory, `${UNFINISHED}${environment}`);
    await removeTree(directory);
    await ensureDirectory(directory, { mode: 0o700 });
    const volumes: KeptVolume[] = [];
    return {
      add: async (volume, archive) => {
        const file = `${volumes.length}.tar`;
        const { hash } = await saveStream(join(directory, file), archive);
        volumes.push({ ...volume, file, hash });
      },
      complete: async ({ project }) => {
        const createdAt = new Date().toISOString();
        const id = `kept-${randomBytes(6).toString('hex')}`;
        const set = { version: VERSION, id, name, environment, project, createdAt, volumes } as const;
        await writeJson(join(directory, MANIFEST), set);
        await this.#assertFree(name, environment);
        // Should this end between the two, the environment itself is still there.
        await this.#leave(name);
        await this.#put(directory, name);
        return set;
      },
      discard: () => removeTree(directory),
    };
  }

  /** Removes a set, unless it is another one by now. Gone already: nothing. */
  async remove(name: string, id: string): Promise<void> {
    if ((await this.find(name))?.id === id) await this.#leave(name);
  }

  /** Removes one volume of a set; with the last one the set goes. */
  async removeVolume(set: KeptSet, volume: KeptVolume): Promise<void> {
    const volumes = set.volumes.filter(({ name }) => name !== volume.name);
    if (volumes.length === 0) return this.remove(set.name, set.id);
    const directory = join(this.#directory, set.name);
    await writeJson(join(directory, MANIFEST), { ...set, volumes });
    await removeTree(join(directory, volume.file));
  }

  /**
   * Removes what interrupted work left; a whole set whose environment is gone is put in its place instead, since it is the only copy. Only to be
   * called while none is under way.
   */
  async clean(known: ReadonlySet<string>): Promise<void> {
    for (const entry of await listDirectory(this.#directory)) {
      const path = join(this.#directory, entry);
      if (entry.startsWith(LEAVING)) await removeTree(path);
      if (!entry.startsWith(UNFINISHED)) continue;
      const set = await readJson<KeptSet>(join(path, MANIFEST)).catch(() => undefined);
      const isOnlyCopy = set?.version === VERSION && !known.has(set.environment);
      if (isOnlyCopy && (await this.find(set.name)) === undefined) await this.#put(path, set.name);
      else if (!isOnlyCopy) await removeTree(path);
    }
  }

  /** Before anything else is removed, the new name is on the disk. */
  async #put(directory: string, name: string): Promise<void> {
    await moveFile(directory, join(this.#directory, name));
    await syncFile(this.#directory);
  }

  async #assertFree(name: string, environment: EnvironmentId): Promise<void> {
    const other = await this.find(name);
    if (other === undefined || other.environment === environment) return;
    throw berthError('conflict', `volumes of an earlier environment "${name}" are kept already`, {
      remedy: `Export or remove them first: \`./berth volume ls ${name} --kept\`.`,
    });
  }

  /** A half-removed set is never taken for whole. */
  async #leave(name: string): Promise<void> {
    const path = join(this.#directory, name);
    if ((await listDirectory(path)).length === 0) return;
    const leaving = join(this.#directory, `${LEAVING}${randomBytes(6).toString('hex')}`);
    await moveFile(path, leaving);
    await removeTree(leaving);
  }
}
