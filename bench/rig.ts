import { join, resolve } from 'node:path';
import { type Connection, openConnection } from '../src/cli/index.ts';
import type { Client } from '../src/client/index.ts';
import { poll } from '../src/base/index.ts';
import { berthError } from '../src/errors/index.ts';
import { chmod, ensureDirectory, run, temporaryDirectory } from '../src/host/index.ts';
import type { Environment } from '../src/model/index.ts';
import { type AnswerTarget, firstAnswer } from './measure/first-answer.ts';

/** Both services of the shop take part in its answer; it changes nothing. */
export const PATH = '/peek';
export const PARENT = 'bench-shop';
export const TEMPLATE = 'bench-frozen';
/** The same once more, for the forks that are kept ready. */
export const WARM_TEMPLATE = 'bench-warm';

const UP_TIMEOUT_MS = 15 * 60_000;
const CALL_TIMEOUT_MS = 5 * 60_000;
const OPERATION_TIMEOUT_MS = 180_000;
/** More than any warm fork takes to be made. */
const WARM_FORK_MS = 10_000;
const REMOVALS_AT_ONCE = 4;
/** A connection into a machine is answered or refused; a companion would only give the machine more to do. */
export const MACHINE_COMPANION_MS = 500;

export interface RigOptions {
  /** Root of the repository. */
  readonly root: string;
  /** BERTH_HOME that is kept; absent: one that is removed. */
  readonly home?: string;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** A daemon with the shop running, and a template frozen from it once. */
export class Rig implements AsyncDisposable {
  readonly options: RigOptions;
  #connection: Connection;
  readonly #closing: AsyncDisposableStack;

  private constructor(options: RigOptions, connection: Connection, closing: AsyncDisposableStack) {
    this.options = options;
    this.#connection = connection;
    this.#closing = closing;
  }

  /** Starts the daemon; `up` and `template create` are left to {@link prepare}. */
  static async open(options: RigOptions): Promise<Rig> {
    const closing = new AsyncDisposableStack();
    try {
      const home = await homeOf(options, closing);
      // Every process that the bench starts works there, the daemon too.
      process.env['BERTH_HOME'] = home;
      closing.defer(() => giveBack(options));
      const connection = await openConnection({ env: process.env, autostart: true });
      const rig = new Rig(options, connection, closing);
      closing.defer(() => rig.#connection.close());
      return rig;
    } catch (error) {
      await closing.disposeAsync();
      throw error;
    }
  }

  /** BERTH_HOME that it works in. */
  get home(): string {
    return process.env['BERTH_HOME'] ?? '';
  }

  get client(): Client {
    return this.#connection.client;
  }

  /** Brings the shop up and freezes it, from an image that is built when it is missing. */
  async prepare(): Promise<void> {
    const { root, say } = this.options;
    say('make the container images of the shop');
    await run([process.execPath, 'examples/shop/make-images.ts'], {
      ...{ cwd: root, timeoutMs: UP_TIMEOUT_MS, signal: this.options.signal },
      onLine: (line) => say(`  ${line}`),
    });
    await this.clear();
    await this.upShop(PARENT);
    await this.freeze(PARENT, TEMPLATE);
    await this.freeze(PARENT, WARM_TEMPLATE);
  }

  /** Brings the shop up under a name, and waits until it answers. */
  async upShop(name: string, flags: readonly string[] = []): Promise<void> {
    const argv = ['up', '-f', 'examples/shop/compose.yaml', '--name', name, ...flags];
    await runBerth(this.options, argv, UP_TIMEOUT_MS);
    await this.answered(await this.client.environments.get(name));
  }

  /** Makes a template of an environment. */
  async freeze(environment: string, template: string): Promise<void> {
    await runBerth(this.options, ['template', 'create', environment, template], UP_TIMEOUT_MS);
  }

  /** Another daemon, with these variables set, or not set; machines go on. */
  async restart(variables: Readonly<Record<string, string | undefined>>): Promise<void> {
    await runBerth(this.options, ['daemon', 'stop'], CALL_TIMEOUT_MS);
    this.#connection.close();
    for (const [name, value] of Object.entries(variables)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    this.#connection = await openConnection({ env: process.env, autostart: true });
  }

  /** Keeps so many forks of {@link WARM_TEMPLATE} ready, and waits for them; 0 gives all of them back. */
  async keepWarm(count: number): Promise<void> {
    await this.client.templates.warm(WARM_TEMPLATE, { min: count, max: count });
    await this.warmed(count);
  }

  /** Waits until so many warm forks are ready, and none is being made. */
  async warmed(count: number): Promise<void> {
    await poll(
      async () => {
        const templates = await this.client.templates.list();
        const { ready = 0, making = 0 } = templates.find(({ name }) => name === WARM_TEMPLATE)?.warm ?? {};
        return ready === count && making === 0 ? true : undefined;
      },
      {
        ...{ timeoutMs: OPERATION_TIMEOUT_MS + count * WARM_FORK_MS, intervalMs: 100 },
        ...{ signal: this.options.signal, what: `${count} warm forks` },
      },
    );
  }

  /** Removes what an earlier run, or this one, left in a home that is kept. */
  async clear(): Promise<void> {
    await this.removeForks();
    const known = await this.client.environments.list();
    if (known.some(({ name }) => name === PARENT)) await this.remove(PARENT);
    const templates = await this.client.templates.list();
    for (const name of [TEMPLATE, WARM_TEMPLATE])
      if (templates.some((one) => one.name === name)) await this.client.templates.remove(name);
  }

  /** Removes every environment of the bench but the one that all others come from. */
  async removeForks(): Promise<void> {
    const names = (await this.client.environments.list())
      .filter(({ replicaOf }) => replicaOf === undefined)
      .map(({ name }) => name)
      .filter((name) => name.startsWith('bench-') && name !== PARENT);
    const next = async (): Promise<void> => {
      for (let name = names.pop(); name !== undefined; name = names.pop()) await this.remove(name);
    };
    await Promise.all(Array.from({ length: REMOVALS_AT_ONCE }, next));
  }

  async remove(name: string): Promise<void> {
    await this.finish((await this.client.environments.remove(name, { timeoutMs: CALL_TIMEOUT_MS })).id);
  }

  /** Waits for an operation; gives the moment of its end. */
  async finish(operationId: string): Promise<number> {
    const { signal } = this.options;
    const within = AbortSignal.any([signal, AbortSignal.timeout(OPERATION_TIMEOUT_MS)]);
    await this.client.finishOperation(operationId, { signal: within });
    return performance.now();
  }

  /** Waits for the first 200 of the shop in this environment; gives its moment. */
  answered(environment: Environment, signal = this.options.signal): Promise<number> {
    const options = { timeoutMs: OPERATION_TIMEOUT_MS, signal, companionMs: MACHINE_COMPANION_MS };
    return firstAnswer(targetOf(environment), options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#closing.disposeAsync();
  }
}

/** Where the shop of an environment answers. */
export function targetOf({ name, ports }: Environment): AnswerTarget {
  const port = ports.find(({ service, protocol }) => service === 'web' && protocol === 'tcp');
  if (port === undefined) throw berthError('not-found', `${name} publishes no port of its service web`);
  return { host: port.hostAddress, port: port.hostPort, path: PATH };
}

async function homeOf(options: RigOptions, closing: AsyncDisposableStack): Promise<string> {
  if (options.home !== undefined) {
    const home = resolve(options.home);
    await ensureDirectory(home, { mode: 0o711 });
    return home;
  }
  const directory = closing.use(await temporaryDirectory());
  // Machines run as users of their own and must reach their files.
  await chmod(directory.path, 0o711);
  return join(directory.path, 'home');
}

/** A home of the bench's own is purged; of one that is kept only the environments and templates of the bench go. */
async function giveBack(options: RigOptions): Promise<void> {
  const patient = { ...options, signal: new AbortController().signal };
  if (options.home === undefined) {
    await runBerth(patient, ['down', '--all', '--purge', '--yes'], CALL_TIMEOUT_MS);
    return;
  }
  const rest = await openConnection({ env: process.env, autostart: true });
  try {
    for (const { name, replicaOf } of await rest.client.environments.list()) {
      if (name.startsWith('bench-') && replicaOf === undefined)
        await rest.client.finishOperation((await rest.client.environments.remove(name)).id);
    }
    for (const name of [TEMPLATE, WARM_TEMPLATE])
      await rest.client.templates.remove(name).catch(() => undefined);
    await rest.client.daemon.stop();
  } finally {
    rest.close();
  }
}

async function runBerth(options: RigOptions, argv: readonly string[], timeoutMs: number): Promise<void> {
  const { root, signal, say } = options;
  say(`berth ${argv.join(' ')}`);
  await run([join(root, 'berth'), ...argv], {
    ...{ cwd: root, timeoutMs, signal, env: { NO_COLOR: '1' } },
    onLine: (line) => say(`  ${line}`),
  });
}
