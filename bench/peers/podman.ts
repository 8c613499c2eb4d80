import { join } from 'node:path';
import { readText, removeTree, run, temporaryDirectory } from '../../src/host/index.ts';
import { type AnswerTarget, firstAnswer } from '../measure/first-answer.ts';
import { freePort } from './server.ts';
import { installMissing } from './unpacked.ts';

const IMAGE = 'berth/shop:1';
const COMMAND_TIMEOUT_MS = 120_000;
const ANSWER_TIMEOUT_MS = 30_000;
/** podman holds the port open before the container has it: a connection that was let in then is never answered. */
const COMPANION_MS = 5;
const MAX_PROCESSES = 4096;

/** The smallest server in the image. */
const SMALL_SERVER = 'echo ok >/tmp/peek; exec busybox httpd -f -p 80 -h /tmp';
/** The shop's two containers in one network namespace: nginx then needs no name server to find the store. */
const SHOP_WEB = `sed -i 's/connect("store"/connect("127.0.0.1"/' /shop/shop.lua && exec /shop/web`;

/** Moments of one start, in ms from the call. */
export interface PodmanRun {
  readonly firstAnswerMs: number;
  /** When the last `podman run` had returned. */
  readonly finishedMs: number;
}

/** podman on the bare host, with storage of its own, by runc. */
export class PodmanPeer implements AsyncDisposable {
  readonly version: string;
  readonly #directory: string;
  readonly #limits: readonly string[];
  readonly #port: number;
  readonly #signal: AbortSignal;
  readonly #closing: AsyncDisposableStack;

  private constructor(
    version: string,
    directory: string,
    o: { limits: readonly string[]; port: number; signal: AbortSignal; closing: AsyncDisposableStack },
  ) {
    this.version = version;
    this.#directory = directory;
    this.#limits = o.limits;
    this.#port = o.port;
    this.#signal = o.signal;
    this.#closing = o.closing;
  }

  /** Installs podman and runc where they are missing and loads the image. */
  static async open(archive: string, signal: AbortSignal): Promise<PodmanPeer> {
    await installMissing({ podman: 'podman', runc: 'runc' }, signal);
    const closing = new AsyncDisposableStack();
    const { path } = closing.use(await temporaryDirectory());
    const version = (await run(['podman', '--version'], { signal })).stdout
      .trim()
      .replace(/^podman version /, '');
    const peer = new PodmanPeer(version, path, {
      ...{ limits: await ownLimits(), port: await freePort(), signal, closing },
    });
    closing.defer(() => peer.#removeStorage());
    try {
      await peer.#podman(['load', '-q', '-i', archive]);
      return peer;
    } catch (error) {
      await closing.disposeAsync();
      throw error;
    }
  }

  /** One bare container with the smallest server there is in the image. */
  runOne(): Promise<PodmanRun> {
    return this.#time([['--name', 'one', '--publish', this.#published, IMAGE, 'sh', '-c', SMALL_SERVER]]);
  }

  /** The shop as a fork has it: the store, then nginx. */
  runShop(): Promise<PodmanRun> {
    return this.#time([
      [
        '--name',
        'store',
        '--publish',
        this.#published,
        '--user',
        '999:999',
        '--volume',
        '/data',
        IMAGE,
        '/shop/store',
      ],
      ['--name', 'web', '--network', 'container:store', IMAGE, 'sh', '-c', SHOP_WEB],
    ]);
  }

  /** Removes all containers. */
  async clear(): Promise<void> {
    await this.#remove(this.#signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#closing.disposeAsync();
  }

  get #published(): string {
    return `127.0.0.1:${this.#port}:80`;
  }

  async #time(commands: readonly (readonly string[])[]): Promise<PodmanRun> {
    const failed = new AbortController();
    const target: AnswerTarget = { host: '127.0.0.1', port: this.#port, path: '/peek' };
    const startMs = performance.now();
    const answer = firstAnswer(target, {
      timeoutMs: ANSWER_TIMEOUT_MS,
      companionMs: COMPANION_MS,
      signal: AbortSignal.any([this.#signal, failed.signal]),
    });
    answer.catch(() => undefined);
    try {
      for (const argv of commands) await this.#podman(['run', '--detach', ...this.#limits, ...argv]);
    } catch (error) {
      failed.abort(error);
      throw error;
    }
    const finishedMs = performance.now() - startMs;
    return { firstAnswerMs: (await answer) - startMs, finishedMs };
  }

  async #podman(argv: readonly string[], signal: AbortSignal | undefined = this.#signal): Promise<void> {
    const storage = ['--root', join(this.#directory, 'root'), '--runroot', join(this.#directory, 'run')];
    const how = ['--cgroup-manager', 'cgroupfs', '--runtime', 'runc'];
    const stop = signal === undefined ? {} : { signal };
    await run(['podman', ...storage, ...how, ...argv], { timeoutMs: COMMAND_TIMEOUT_MS, ...stop });
  }

  /** The one that uses the other's network first: podman 4 removes them in no other order. */
  async #remove(signal: AbortSignal | undefined): Promise<void> {
    const remove = ['rm', '--force', '--time', '0', '--volumes', '--ignore'];
    await this.#podman([...remove, 'web'], signal);
    await this.#podman([...remove, 'one', 'store'], signal);
  }

  async #removeStorage(): Promise<void> {
    await this.#podman(['rm', '--all', '--force', '--time', '0', '--volumes'], undefined).catch(
      () => undefined,
    );
    await run(['umount', join(this.#directory, 'root', 'overlay')], { okExitCodes: [1, 32] });
    await removeTree(this.#directory);
  }
}

/** Limits that this process may give on: podman's own defaults need a privilege that root lacks inside some containers. */
async function ownLimits(): Promise<string[]> {
  const text = (await readText('/proc/self/limits')) ?? '';
  const hard = (title: string) =>
    Number(new RegExp(`^${title}\\s+\\S+\\s+(\\d+)`, 'm').exec(text)?.[1] ?? Infinity);
  const files = Math.min(hard('Max open files'), 1_048_576);
  const processes = Math.min(hard('Max processes'), MAX_PROCESSES);
  return [`--ulimit=nofile=${files}:${files}`, `--ulimit=nproc=${processes}:${processes}`];
}
