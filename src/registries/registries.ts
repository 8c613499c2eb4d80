import type { Server } from 'node:http';
import { join } from 'node:path';
import { sleep } from '../base/index.ts';
import { berthError } from '../errors/index.ts';
import { readText, removeTree } from '../host/index.ts';
import type { ImageCache } from '../model/index.ts';
import { BlobFetches } from './blob-fetches.ts';
import { Cache } from './cache.ts';
import { type CacheRecord, CacheStore } from './cache-store.ts';
import type { RegistryCredential } from './credential.ts';
import { FailureNotes } from './failure-notes.ts';
import { Front } from './front.ts';
import { type CachedRegistry, guestConfiguration } from './guest-configuration.ts';
import { CacheLayout } from './layout.ts';
import { createOutsideDoor } from './outside-door.ts';
import { Passage, type Source } from './passage.ts';
import type { PullFailure } from './pull-failure.ts';
import { hasRegistryProgram, RegistryProgram } from './registry-program.ts';
import { type AllRegistrySettings, parseRegistrySettings, settingsOf } from './settings.ts';
import { UpstreamBook } from './upstream-book.ts';
import { planAccess } from './plan-access.ts';
import type { UpstreamTiming } from './upstream.ts';

/** Where the caches report what is not an answer to anybody; pino's logger fits. */
export interface RegistriesLog {
  warn(facts: object, message: string): void;
}

/** What {@link Registries} are made of. */
export interface RegistriesOptions {
  /** Data, and what does not outlive the host's run. */
  readonly home: string;
  readonly run: string;
  readonly homeId: string;
  /** Address of this host that guests of this home reach, and that nobody else has. */
  readonly address: string;
  /** Port there for guests, and for registry programs. */
  readonly ports: { readonly front: number; readonly outside: number };
  /** Where guests reach the front: `100.64.0.1:5000`. */
  readonly frontForGuests: string;
  /** What each environment may read: asked for every request. */
  readonly accesses: () => readonly Access[];
  readonly log: RegistriesLog;
  readonly timing?: UpstreamTiming;
}

/** What one environment may read. */
export interface Access {
  /** Name of the environment. */
  readonly environment: string;
  /** Address that its guest's connections come from; undefined while it has no machine. */
  readonly address: string | undefined;
  readonly registries: readonly CachedRegistry[];
}

const ROUND_MS = 30_000;
const SETTINGS_FILE = 'registries.yaml';

/** The caches of container images of a home: what guests pull comes through them, and stays for the next. */
export class Registries {
  readonly #options: RegistriesOptions;
  readonly #layout: CacheLayout;
  readonly #store: CacheStore;
  readonly #caches = new Map<string, Cache>();
  /** What registries outside refused; the cache may stand in for them. */
  readonly #notes = new FailureNotes();
  /** What guests were told. */
  readonly #told = new FailureNotes();
  readonly #fetches: BlobFetches;
  readonly #passage: Passage;
  readonly #upstreams: UpstreamBook;
  readonly #servers: readonly { readonly server: Server; readonly port: number }[];
  readonly #closing = new AbortController();
  #supervision: Promise<void> | undefined;

  private constructor(options: RegistriesOptions, layout: CacheLayout, store: CacheStore) {
    this.#options = options;
    this.#layout = layout;
    this.#store = store;
    this.#fetches = new BlobFetches(layout.spool);
    this.#passage = new Passage({ fetches: this.#fetches, notes: this.#notes });
    this.#upstreams = new UpstreamBook(options.timing);
    const outside = createOutsideDoor({
      passage: this.#passage,
      sourceOf: (secret) => this.#bySecret(secret),
    });
    this.#servers = [
      { server: this.#makeFront().server, port: options.ports.front },
      { server: outside, port: options.ports.outside },
    ];
  }

  /** Reads what is there; nothing is listened to before {@link start}. */
  static async open(options: RegistriesOptions): Promise<Registries> {
    const layout = new CacheLayout(options);
    // Downloads of an earlier daemon have no names any more; what is left is the directory.
    await removeTree(layout.spool);
    return new Registries(options, layout, await CacheStore.open(layout));
  }

  /** Listens for guests. May be called again; done already is fine. @throws when the host has not the address yet */
  async start(): Promise<void> {
    for (const { server, port } of this.#servers) {
      if (!server.listening) await listen(server, port, this.#options.address);
    }
    this.#supervision ??= this.#supervise();
  }

  /**
   * Which caches a project may read, given the registries that it names: those, and the well-known ones. Makes nothing yet.
   * @throws `registries-invalid`
   */
  async plan(
    registries: readonly string[],
    credentials: readonly RegistryCredential[],
  ): Promise<readonly CachedRegistry[]> {
    const settings = await this.#settings();
    return planAccess({
      registries,
      credentials,
      settings,
      idOf: (one, with_) => this.#store.idOf(one, with_),
    });
  }

  /** Makes ready what was planned. Later calls with the same do nothing. @throws when guests cannot reach it */
  async ensure(
    planned: readonly CachedRegistry[],
    credentials: readonly RegistryCredential[],
  ): Promise<void> {
    await this.start();
    for (const credential of credentials) {
      if (planned.some((one) => one.cache === this.#store.idOf(credential.registry, credential)))
        await this.#store.ensure(credential.registry, credential);
    }
    // A mistake in the certificates is told now, and not by the engine in the guest.
    for (const { registry } of planned) await this.#upstreams.endpoints(registry, await this.#settings());
  }

  /** Configuration for a guest's container engine. */
  guestConfiguration(planned: readonly CachedRegistry[]): string {
    return guestConfiguration(this.#options.frontForGuests, planned);
  }

  /** False when pulls are passed on and not kept, for want of the registry program. */
  async keepsImages(): Promise<boolean> {
    return hasRegistryProgram();
  }

  /** Why a guest could not have something of a repository since then, on the clock of `performance.now()`. */
  failureSince(cache: string, repository: string, at: number): PullFailure | undefined {
    return this.#told.since(cache, repository, at);
  }

  /** Calls `listener` when a guest is told that it cannot have something; returns what ends that. */
  watchFailures(cache: string, repository: string, listener: () => void): () => void {
    return this.#told.watch(cache, repository, listener);
  }

  /** Every cache with what is in it. */
  async list(): Promise<ImageCache[]> {
    const accesses = this.#options.accesses();
    return Promise.all(
      this.#store.list().map((record) => {
        const readers = accesses.filter(({ registries }) =>
          registries.some(({ cache }) => cache === record.id),
        );
        return this.#cacheOf(record).view(readers.map(({ environment }) => environment));
      }),
    );
  }

  /** Takes images out of one cache: those not used since `before`, or all of them. Returns their names. */
  async prune(id: string, before: Date | 'all', signal: AbortSignal): Promise<string[]> {
    const record = this.#store.find(id);
    if (record === undefined) return [];
    const cache = this.#cacheOf(record);
    return before === 'all' ? cache.empty() : cache.prune(before, signal);
  }

  /** Ends the registry programs and stops listening. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#supervision;
    for (const { server } of this.#servers) {
      server.close();
      server.closeAllConnections();
    }
    await this.#fetches.close();
    for (const record of this.#store.list()) await this.#cacheOf(record).close();
    this.#upstreams.close();
  }

  /** Removes everything, what is in the caches and the credentials included. */
  async purge(): Promise<void> {
    await this.close();
    for (const { id } of this.#store.list()) await this.#store.remove(id);
    await removeTree(this.#layout.directory);
    await removeTree(this.#layout.run);
  }

  #makeFront(): Front {
    return new Front({
      accessOf: (address) => {
        const access = this.#options.accesses().find((one) => one.address === address);
        return access && new Map(access.registries.map(({ cache, registry }) => [cache, registry]));
      },
      socketOf: (id, registry) => this.#socketOf(id, registry),
      pass: async (id, registry, request, response) => {
        const source = await this.#sourceOf(await this.#recordOf(id, registry));
        await this.#passage.answer(source, request, response);
      },
      failureSince: (id, repository, at) => this.#notes.since(id, repository, at),
      told: (id, repository, failure) => this.#told.add(id, repository, failure),
      used: (id, image, digest) => {
        this.#caches
          .get(id)
          ?.used(image, digest)
          .catch(() => undefined);
      },
      begin: (id) => this.#caches.get(id)?.begin() ?? (() => undefined),
    });
  }

  async #socketOf(id: string, registry: string): Promise<string | undefined> {
    const record = await this.#recordOf(id, registry);
    const { cache } = settingsOf(await this.#settings(), registry);
    if (!cache || !(await hasRegistryProgram())) return undefined;
    return this.#cacheOf(record).program.ensure();
  }

  /** A cache without credentials is made when it is first asked for something. */
  async #recordOf(id: string, registry: string): Promise<CacheRecord> {
    const known = this.#store.find(id);
    if (known !== undefined) return known;
    const record = await this.#store.ensure(registry, undefined);
    if (record.id !== id)
      throw berthError('registry-denied', `the credentials for ${registry} are not there any more`);
    return record;
  }

  async #bySecret(secret: string): Promise<Source | undefined> {
    const record = this.#store.list().find((one) => one.secret === secret);
    return record && this.#sourceOf(record);
  }

  async #sourceOf(record: CacheRecord): Promise<Source> {
    const { id, registry, isPrivate } = record;
    const credential = isPrivate ? await this.#store.credential(id) : undefined;
    const upstream = await this.#upstreams.of(id, registry, credential, await this.#settings());
    return { id, upstream, data: this.#layout.filesOf(id).data };
  }

  #cacheOf(record: CacheRecord): Cache {
    const known = this.#caches.get(record.id);
    if (known !== undefined) return known;
    const { address, ports, homeId } = this.#options;
    const files = this.#layout.filesOf(record.id);
    const passage = `http://${address}:${ports.outside}`;
    const cache = new Cache(record, files, new RegistryProgram({ record, files, passage, homeId }));
    this.#caches.set(record.id, cache);
    return cache;
  }

  async #settings(): Promise<AllRegistrySettings> {
    const path = join(this.#options.home, SETTINGS_FILE);
    return parseRegistrySettings(await readText(path), path);
  }

  async #supervise(): Promise<void> {
    const { signal } = this.#closing;
    const { log } = this.#options;
    for (;;) {
      try {
        await sleep(ROUND_MS, signal);
        for (const cache of this.#caches.values()) await cache.lookAfter();
        await this.#forgetCredentials();
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ err: error }, 'looking after the caches of images failed');
      }
    }
  }

  /** A credential is kept as long as an environment has it. */
  async #forgetCredentials(): Promise<void> {
    const needed = new Set(
      this.#options.accesses().flatMap(({ registries }) => registries.map(({ cache }) => cache)),
    );
    for (const { id, isPrivate } of this.#store.list()) {
      if (!isPrivate || needed.has(id)) continue;
      await this.#store.forget(id);
      this.#upstreams.drop(id);
    }
  }
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
