import { sleep } from '../base/index.ts';
import type { DaemonStatus, PurgeRequest, VersionInfo } from '../contract/index.ts';
import { API_VERSION } from '../contract/index.ts';
import type { Context } from '../environments/index.ts';
import { type HomeDirectories, memoryUse } from '../host/index.ts';
import type { Accelerator } from '../hypervisor/index.ts';
import type { Operation } from '../model/index.ts';
import type { NetworkManager } from '../network/index.ts';
import type { DaemonService } from '../server/index.ts';
import type { AcceleratorFinder } from './accelerator.ts';
import { purge } from './purge.ts';
import { ownVersion } from './version.ts';

/** A probe whose outcome is on disk takes a moment to read. */
const KNOWN_WITHIN_MS = 200;

/** The daemon as it shows itself. */
export class DaemonControl implements DaemonService {
  readonly stopRequested: Promise<void>;
  readonly #context: Context;
  readonly #network: NetworkManager;
  readonly #directories: HomeDirectories;
  readonly #startedAt = new Date().toISOString();
  readonly #accelerators: AcceleratorFinder;
  readonly #requestStop: () => void;

  constructor(o: {
    readonly context: Context;
    readonly network: NetworkManager;
    readonly directories: HomeDirectories;
    readonly accelerators: AcceleratorFinder;
  }) {
    this.#context = o.context;
    this.#network = o.network;
    this.#directories = o.directories;
    this.#accelerators = o.accelerators;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.stopRequested = promise;
    this.#requestStop = resolve;
  }

  async version(): Promise<VersionInfo> {
    // Without QEMU the daemon answers all the same: it is what installs it.
    const qemu = await this.#context.hypervisor.version().catch(() => undefined);
    const accelerator = await this.#accelerator();
    return {
      version: await ownVersion(),
      apiVersion: API_VERSION,
      node: process.versions.node,
      ...(qemu === undefined ? {} : { qemuVersion: qemu.version }),
      ...(accelerator === undefined ? {} : { accelerator }),
    };
  }

  /** What is known, or can be known at once: a probe takes seconds, and without an image there is no kernel to probe with. */
  async #accelerator(): Promise<Accelerator | undefined> {
    if (this.#accelerators.known !== undefined) return this.#accelerators.known;
    const [image] = await this.#context.images.list();
    if (image === undefined) return undefined;
    const found = this.#accelerators.find(image.kernelPath).catch(() => undefined);
    return Promise.race([found, sleep(KNOWN_WITHIN_MS).then(() => undefined)]);
  }

  async status(): Promise<DaemonStatus> {
    const records = this.#context.registry.list();
    const memory = await memoryUse(process.pid);
    return {
      pid: process.pid,
      version: await ownVersion(),
      startedAt: this.#startedAt,
      home: this.#directories.home,
      rssBytes: memory?.rssBytes ?? process.memoryUsage.rss(),
      environments: records.length,
      running: records.filter(({ process: machine }) => machine !== undefined).length,
    };
  }

  requestStop(): void {
    this.#requestStop();
  }

  purge(request: PurgeRequest, options: { readonly idempotencyKey?: string }): Promise<Operation> {
    return purge(this.#context, this.#network, request, options);
  }
}
