import { randomBytes } from 'node:crypto';
import { KeyedMutex } from '../base/index.ts';
import { parseImageReference } from '../model/index.ts';
import {
  ensureDirectory,
  exists,
  listDirectory,
  readJson,
  readText,
  removeTree,
  writeAtomic,
  writeJson,
} from '../host/index.ts';
import { type Credential, fingerprint, type RegistryCredential } from './credential.ts';
import type { CacheLayout } from './layout.ts';

/** One cache: what one registry gave to those who have one credential, or none. */
export interface CacheRecord {
  /** `docker.io`, `localhost_5000`, `ghcr.io-3fa2c41b07`. */
  readonly id: string;
  /** Host of the registry. */
  readonly registry: string;
  /** What is in it was given to a credential. */
  readonly isPrivate: boolean;
  readonly createdAt: string;
  /** By which its registry program is known to the passage outside. */
  readonly secret: string;
  /** User and group without a name that its registry program runs as. */
  readonly uid: number;
}

/** Below those of machines, which begin at 210000. */
const FIRST_UID = 209_000;
const RESERVED = ['key', 'spool'];

/** Id of the cache of a registry without credentials; also a part of a path in the container engine's configuration. */
export function publicId(registry: string): string {
  const plain = registry.replaceAll(/[^a-z0-9.:-]/g, '');
  return plain.replace(/:(\d+)$/, '_$1').replaceAll(':', '-');
}

/** Records and credentials of the caches of a home, on disk. */
export class CacheStore {
  readonly #layout: CacheLayout;
  readonly #records = new Map<string, CacheRecord>();
  readonly #writing = new KeyedMutex();
  readonly #key: string;

  private constructor(layout: CacheLayout, key: string) {
    this.#layout = layout;
    this.#key = key;
  }

  /** Reads what is there; a directory without a record is the rest of a removal, and goes. */
  static async open(layout: CacheLayout): Promise<CacheStore> {
    await ensureDirectory(layout.directory, { mode: 0o711 });
    const store = new CacheStore(layout, await readKey(layout.key));
    for (const id of await listDirectory(layout.directory)) {
      if (RESERVED.includes(id)) continue;
      const record = await readJson<CacheRecord>(layout.filesOf(id).record).catch(() => undefined);
      if (record === undefined) await removeTree(layout.filesOf(id).directory);
      else store.#records.set(record.id, record);
    }
    return store;
  }

  list(): CacheRecord[] {
    return [...this.#records.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }

  find(id: string): CacheRecord | undefined {
    return this.#records.get(id);
  }

  /** Id of the cache for a registry and, with one, a credential; whether it is there or not. */
  idOf(registry: string, credential: RegistryCredential | undefined): string {
    const id = publicId(registry);
    return credential === undefined ? id : `${id}-${fingerprint(credential, this.#key)}`;
  }

  /** The cache of that id, made where it is missing. The credential is written down again, for it may have been forgotten. */
  async ensure(registry: string, credential: RegistryCredential | undefined): Promise<CacheRecord> {
    if (parseImageReference(`${registry}/image`)?.registry !== registry)
      throw new TypeError(`not the host of a registry: ${registry}`);
    const id = this.idOf(registry, credential);
    return this.#writing.run('all', async () => {
      const files = this.#layout.filesOf(id);
      const record = this.#records.get(id) ?? (await this.#create(id, registry, credential !== undefined));
      if (credential !== undefined && !(await exists(files.credential)))
        await writeJson(files.credential, credential.credential, { mode: 0o600 });
      return record;
    });
  }

  /** The credential that it asks with; undefined when it needs none, or it has been forgotten. */
  async credential(id: string): Promise<Credential | undefined> {
    return readJson<Credential>(this.#layout.filesOf(id).credential);
  }

  /** Removes the credential; what was fetched with it stays for those who bring it again. */
  async forget(id: string): Promise<void> {
    await removeTree(this.#layout.filesOf(id).credential);
  }

  /** Removes a cache with all that it holds. */
  async remove(id: string): Promise<void> {
    const files = this.#layout.filesOf(id);
    this.#records.delete(id);
    await removeTree(files.record);
    await removeTree(files.directory);
    await removeTree(files.run);
  }

  async #create(id: string, registry: string, isPrivate: boolean): Promise<CacheRecord> {
    const files = this.#layout.filesOf(id);
    const taken = new Set(this.list().map(({ uid }) => uid));
    let uid = FIRST_UID;
    while (taken.has(uid)) uid += 1;
    const secret = randomBytes(24).toString('hex');
    const record = { id, registry, isPrivate, createdAt: new Date().toISOString(), secret, uid };
    await ensureDirectory(files.directory, { mode: 0o711 });
    await ensureDirectory(files.data, { mode: 0o700, uid, gid: uid });
    await writeJson(files.record, record, { mode: 0o600 });
    this.#records.set(id, record);
    return record;
  }
}

async function readKey(path: string): Promise<string> {
  const known = await readText(path);
  if (known !== undefined && known !== '') return known;
  const key = randomBytes(32).toString('hex');
  await writeAtomic(path, key, { mode: 0o600 });
  return key;
}
