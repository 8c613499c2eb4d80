import { join } from 'node:path';
import { berthError } from '../../src/errors/index.ts';
import {
  chmod,
  copyFile,
  listDirectory,
  readJson,
  removeTree,
  run,
  temporaryDirectory,
  writeAtomic,
} from '../../src/host/index.ts';
import type { Environment } from '../../src/model/index.ts';
import { GATEWAY_ADDRESS, GUEST_ADDRESS, GUEST_MAC } from '../../src/network/index.ts';
import { firstAnswer } from '../measure/first-answer.ts';
import { installLibvirt, LibvirtDaemon } from './libvirt-daemon.ts';
import { type DomainPlan, domainXml } from './libvirt-domain.ts';
import { freePort } from './server.ts';

const COPY_TIMEOUT_MS = 120_000;
const ANSWER_TIMEOUT_MS = 180_000;
const COMPANION_MS = 500;
const DOMAIN = 'bench-clone';
const LAYER = /^disk-(\d+)\.qcow2$/;

export interface LibvirtOptions {
  /** Stopped environment whose disk is cloned. */
  readonly environment: Environment;
  /** BERTH_HOME where it lies. */
  readonly home: string;
  readonly accelerator: string;
  /** Of the request. */
  readonly path: string;
  readonly signal: AbortSignal;
}

/** Moments of one start, in ms from the call. */
export interface LibvirtRun {
  readonly firstAnswerMs: number;
  /** When `virsh create` had returned. */
  readonly finishedMs: number;
}

/** Clones of an environment's disk, booted by libvirt with the same kernel, initial ramdisk and arguments. */
export class LibvirtPeer implements AsyncDisposable {
  readonly #daemon: LibvirtDaemon;
  readonly #plan: DomainPlan;
  readonly #options: LibvirtOptions;
  readonly #closing: AsyncDisposableStack;

  private constructor(
    daemon: LibvirtDaemon,
    plan: DomainPlan,
    options: LibvirtOptions,
    closing: AsyncDisposableStack,
  ) {
    this.#daemon = daemon;
    this.#plan = plan;
    this.#options = options;
    this.#closing = closing;
  }

  /** Installs libvirt where it is missing, and copies what is booted. */
  static async open(options: LibvirtOptions): Promise<LibvirtPeer> {
    await installLibvirt(options.signal);
    const closing = new AsyncDisposableStack();
    try {
      const { path } = closing.use(await temporaryDirectory());
      await chmod(path, 0o711);
      const plan = await prepare(path, options);
      const type = plan.accelerator === 'kvm' ? 'kvm' : 'qemu';
      const daemon = closing.use(await LibvirtDaemon.start(path, { type, signal: options.signal }));
      closing.defer(() => daemon.virsh(['destroy', DOMAIN]).catch(() => undefined));
      return new LibvirtPeer(daemon, plan, options, closing);
    } catch (error) {
      await closing.disposeAsync();
      throw error;
    }
  }

  get version(): string {
    return this.#daemon.version;
  }

  /** A new layer above the disk, and the start of a guest on it; its containers start as they do after any boot. */
  async runClone(): Promise<LibvirtRun> {
    const failed = new AbortController();
    const { path, signal } = this.#options;
    const { port, directory, disk } = this.#plan;
    const startMs = performance.now();
    const answer = firstAnswer(
      { host: '127.0.0.1', port, path },
      {
        ...{ timeoutMs: ANSWER_TIMEOUT_MS, companionMs: COMPANION_MS },
        signal: AbortSignal.any([signal, failed.signal]),
      },
    );
    answer.catch(() => undefined);
    try {
      const layer = ['create', '-q', '-f', 'qcow2', '-b', 'base.qcow2', '-F', 'qcow2', disk];
      await this.#daemon.run(['qemu-img', ...layer], signal);
      await this.#daemon.virsh(['create', join(directory, 'domain.xml')], signal);
    } catch (error) {
      failed.abort(error);
      throw error;
    }
    const finishedMs = performance.now() - startMs;
    return { firstAnswerMs: (await answer) - startMs, finishedMs };
  }

  /** Ends the guest and removes its layer. */
  async clear(): Promise<void> {
    await this.#daemon.virsh(['destroy', DOMAIN], this.#options.signal);
    await removeTree(this.#plan.disk);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#closing.disposeAsync();
  }
}

async function prepare(directory: string, o: LibvirtOptions): Promise<DomainPlan> {
  const { environment, home, accelerator, signal } = o;
  const image = join(home, 'images', environment.image);
  const manifest = await readJson<{ readonly kernelArguments: readonly string[] }>(
    join(image, 'manifest.json'),
  );
  const port = environment.ports.find(({ service, protocol }) => service === 'web' && protocol === 'tcp');
  if (manifest === undefined || port === undefined)
    throw berthError('not-found', `${environment.name} has no image or no port to clone`);
  const { memoryMib, vcpus } = environment.shape;
  const plan: DomainPlan = {
    ...{ name: DOMAIN, directory, accelerator, memoryMib, vcpus, mac: GUEST_MAC },
    ...{ kernel: join(directory, 'vmlinuz'), initrd: join(directory, 'initrd.img') },
    ...{ kernelArguments: manifest.kernelArguments, disk: join(directory, 'clone.qcow2') },
    ...{ guestAddress: GUEST_ADDRESS, gateway: GATEWAY_ADDRESS },
    ...{ port: await freePort(), guestPort: port.guestPort },
  };
  await copyFile(join(image, 'vmlinuz'), plan.kernel);
  await copyFile(join(image, 'initrd.img'), plan.initrd);
  const layer = await topLayer(join(home, 'environments', environment.id));
  const convert = ['qemu-img', 'convert', '-O', 'qcow2', layer, join(directory, 'base.qcow2')];
  await run(convert, { signal, timeoutMs: COPY_TIMEOUT_MS });
  await writeAtomic(join(directory, 'domain.xml'), domainXml(plan));
  return plan;
}

/** The newest of the disk layers that a machine's directory holds. */
async function topLayer(directory: string): Promise<string> {
  const numbers = (await listDirectory(directory)).flatMap((name) => LAYER.exec(name)?.[1] ?? []);
  if (numbers.length === 0) throw berthError('not-found', `${directory} holds no disk`);
  return join(directory, `disk-${Math.max(...numbers.map(Number))}.qcow2`);
}
