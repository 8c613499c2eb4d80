import { basename, join } from 'node:path';
import { KeyedMutex } from '../base/index.ts';
import { berthError } from '../errors/index.ts';
import { chmod, chown, ensureDirectory, fileKind, listDirectory, removeTree } from '../host/index.ts';
import type { EndpointBackend, EndpointLog } from './backend.ts';
import { createDockerProxy, type DockerProxy } from './docker-proxy.ts';

/** Longest path of a unix socket on Linux, in bytes: unix(7), `sun_path` less its final zero. */
const MAX_PATH_BYTES = 107;

/** Whose endpoint it is. */
export interface EndpointOwner {
  readonly id: string;
  readonly name: string;
}

/** The Docker endpoints of all environments of a daemon: a unix socket for each. */
export interface Endpoints {
  /** The socket's path: named after the environment, or after its id where the path would be too long for a socket. */
  pathOf(owner: EndpointOwner): string;
  /** Accepts clients for an environment from now on; open already is fine. Fails with `home-unusable`. */
  open(owner: EndpointOwner, backend: EndpointBackend): Promise<void>;
  /** Ends an environment's clients and removes its socket; done already is fine. */
  close(owner: EndpointOwner): Promise<void>;
  /** Whether clients can come in: its socket is open, and has its file. */
  isReachable(owner: EndpointOwner): Promise<boolean>;
  /** Files in the directory that belong to no endpoint that is open. */
  strays(): Promise<string[]>;
  /** Removes one of these. */
  removeStray(file: string): Promise<void>;
  /** Ends all clients. The sockets' files go too. */
  closeAll(): Promise<void>;
}

/** What {@link Endpoints} are made of. */
export interface EndpointsOptions {
  /** Where the sockets are; nothing else is in it. */
  readonly directory: string;
  /** Group whose members may connect beside root; without it nobody else may. */
  readonly gid?: number;
  readonly log: EndpointLog;
}

/** Makes the endpoints' directory, without what an earlier daemon left in it, and no endpoint yet. @throws `home-unusable` */
export async function createEndpoints(options: EndpointsOptions): Promise<Endpoints> {
  await removeTree(options.directory);
  await ensureDirectory(options.directory, { mode: 0o711 });
  return new SocketEndpoints(options);
}

class SocketEndpoints implements Endpoints {
  readonly #options: EndpointsOptions;
  readonly #open = new Map<string, { readonly proxy: DockerProxy; readonly owner: EndpointOwner }>();
  readonly #owners = new KeyedMutex();

  constructor(options: EndpointsOptions) {
    this.#options = options;
  }

  pathOf({ id, name }: EndpointOwner): string {
    const path = join(this.#options.directory, `${name}.sock`);
    return Buffer.byteLength(path) <= MAX_PATH_BYTES ? path : join(this.#options.directory, `${id}.sock`);
  }

  open(owner: EndpointOwner, backend: EndpointBackend): Promise<void> {
    return this.#owners.run(owner.id, async () => {
      if (this.#open.has(owner.id)) return;
      const proxy = createDockerProxy(backend, this.#options.log);
      await this.#listen(proxy, this.pathOf(owner));
      this.#open.set(owner.id, { proxy, owner });
    });
  }

  close(owner: EndpointOwner): Promise<void> {
    return this.#owners.run(owner.id, async () => {
      const known = this.#open.get(owner.id);
      if (known === undefined) return;
      this.#open.delete(owner.id);
      await known.proxy.close();
      await removeTree(this.pathOf(known.owner));
    });
  }

  async isReachable(owner: EndpointOwner): Promise<boolean> {
    if (!this.#open.has(owner.id)) return false;
    return (await fileKind(this.pathOf(owner))) === 'socket';
  }

  async strays(): Promise<string[]> {
    const own = new Set([...this.#open.values()].map(({ owner }) => basename(this.pathOf(owner))));
    return (await listDirectory(this.#options.directory)).filter((file) => !own.has(file));
  }

  async removeStray(file: string): Promise<void> {
    if ((await this.strays()).includes(file)) await removeTree(join(this.#options.directory, file));
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.#open.values()].map(({ owner }) => this.close(owner)));
  }

  /** Until its bits are set the file has those of the umask, which give nobody but its owner the write permission that connecting takes. */
  async #listen(proxy: DockerProxy, path: string): Promise<void> {
    const { gid } = this.#options;
    try {
      if (Buffer.byteLength(path) > MAX_PATH_BYTES)
        throw new Error(`the path of a socket has at most ${MAX_PATH_BYTES} bytes`);
      // Whoever cleans `/run` may have taken the directory, too.
      await ensureDirectory(this.#options.directory, { mode: 0o711 });
      await removeTree(path);
      await proxy.listen(path);
      if (gid !== undefined) await chown(path, process.getuid?.() ?? 0, gid);
      await chmod(path, gid === undefined ? 0o600 : 0o660);
    } catch (error) {
      await proxy.close();
      const detail = error instanceof Error ? error.message : String(error);
      throw berthError('home-unusable', `cannot listen on ${path}: ${detail}`, { cause: error });
    }
  }
}
