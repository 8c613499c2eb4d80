import type {
  ForkRequest,
  LifecycleRequest,
  LogLine,
  ResizeRequest,
  ScaleRequest,
  SleepRequest,
  UpRequest,
} from '../contract/index.ts';
import type {
  Environment,
  EnvironmentStats,
  EnvironmentStorage,
  Operation,
  ServiceStatus,
} from '../model/index.ts';
import type { Context } from './context.ts';
import { type FilesOptions, serveFiles } from './files/serve-files.ts';
import { startFork } from './fork.ts';
import { startRestart, startStart, startStop } from './lifecycle.ts';
import { type RemoveRequest, startRemove } from './remove.ts';
import { type LogOptions, openLogs } from './logs.ts';
import { containerOf, readConsole, refreshServices, StatsSampler } from './observe.ts';
import { type EnvironmentRecord, viewOf } from './record.ts';
import { startResize } from './resize.ts';
import { storageOf } from './storage.ts';
import { type TerminalProcess, toTerminal } from './terminal.ts';
import { startScale } from './replicas/start-scale.ts';
import { startSleep, startWake } from './sleep/requests.ts';
import { useWhileOpen } from './sleep/use-while-open.ts';
import { startTrim } from './trim.ts';
import { startUp } from './up.ts';

interface StartOptions {
  readonly idempotencyKey?: string;
}

interface TerminalOptions {
  readonly tty: boolean;
  readonly rows: number;
  readonly columns: number;
}

/** How long a program in the guest may take to start: under emulation a login alone takes half a second. */
const START_TIMEOUT_MS = 30_000;

/** Everything that users do with environments; each method checks, then makes one call. */
export class EnvironmentOperations {
  readonly #context: Context;
  readonly #stats = new StatsSampler();
  readonly #stillStorage = new WeakMap<EnvironmentRecord, Promise<EnvironmentStorage | undefined>>();

  constructor(context: Context) {
    this.#context = context;
  }

  async list(): Promise<readonly Environment[]> {
    return Promise.all(this.#context.registry.list().map((record) => this.#view(record)));
  }

  async get(name: string): Promise<Environment> {
    return this.#view(this.#context.registry.get(name));
  }

  async #view(record: EnvironmentRecord): Promise<Environment> {
    const dockerSocket = this.#context.endpoints.pathOf(record);
    const replicas = this.#context.replicas.viewOf(record);
    return viewOf(record, { dockerSocket, replicas, storage: await this.#storageOf(record) });
  }

  /** A disk on which nothing runs stays as it is until its record changes; to look at a thousand of them takes a tenth of a second. */
  #storageOf(record: EnvironmentRecord): Promise<EnvironmentStorage | undefined> {
    if (record.process !== undefined || record.operation !== undefined) return storageOf(record);
    const known = this.#stillStorage.get(record) ?? storageOf(record);
    this.#stillStorage.set(record, known);
    return known;
  }

  sleep(name: string, request: SleepRequest, options: StartOptions): Promise<Operation> {
    return startSleep(this.#context, name, request, options);
  }

  wake(name: string, options: StartOptions): Promise<Operation> {
    return startWake(this.#context, name, options);
  }

  async scale(name: string, request: ScaleRequest, options: StartOptions): Promise<Operation> {
    await this.#awake(name, 'scale');
    return startScale(this.#context, name, request, options);
  }

  async resize(name: string, request: ResizeRequest, options: StartOptions): Promise<Operation> {
    await this.#awake(name, 'resize');
    return startResize(this.#context, name, request, options);
  }

  async trim(name: string, options: StartOptions): Promise<Operation> {
    await this.#awake(name, 'trim');
    return startTrim(this.#context, name, options);
  }

  up(request: UpRequest, options: StartOptions): Promise<Operation> {
    return startUp(this.#context, request, options);
  }

  async fork(request: ForkRequest, options: StartOptions): Promise<Operation> {
    await this.#awake(request.source, 'fork');
    return startFork(this.#context, request, options);
  }

  async remove(name: string, request: RemoveRequest, options: StartOptions): Promise<Operation> {
    if (request.keepVolumes === true) await this.#awake(name, 'rm --keep-volumes');
    return startRemove(this.#context, name, request, options);
  }

  start(name: string, request: LifecycleRequest, options: StartOptions): Promise<Operation> {
    const { id } = this.#context.registry.get(name);
    const rests = !this.#context.sleepers.isAwake(id);
    if (rests && request.cold === true)
      return startRestart(this.#context, name, { ...request, force: true }, options);
    if (rests) return startWake(this.#context, name, options);
    return startStart(this.#context, name, request, options);
  }

  async stop(name: string, request: LifecycleRequest, options: StartOptions): Promise<Operation> {
    if (request.force !== true) await this.#awake(name, 'stop');
    return startStop(this.#context, name, request, options);
  }

  async restart(name: string, request: LifecycleRequest, options: StartOptions): Promise<Operation> {
    if (request.force !== true) await this.#awake(name, 'restart');
    return startRestart(this.#context, name, request, options);
  }

  async stats(name: string): Promise<EnvironmentStats> {
    return this.#stats.sample(this.#context, this.#context.registry.get(name));
  }

  async allStats(): Promise<readonly EnvironmentStats[]> {
    const running = this.#context.registry.list().filter(({ process }) => process !== undefined);
    const samples = await Promise.allSettled(
      running.map((record) => this.#stats.sample(this.#context, record)),
    );
    // One that ended between the two looks is left out.
    return samples.flatMap((sample) => (sample.status === 'fulfilled' ? [sample.value] : []));
  }

  async services(name: string, signal: AbortSignal): Promise<readonly ServiceStatus[]> {
    const record = this.#context.registry.get(name);
    // To look at one that rests is no reason to wake it.
    if (!this.#context.sleepers.isAwake(record.id)) return record.services;
    return refreshServices(this.#context, record, signal);
  }

  async logs(name: string, options: LogOptions): Promise<AsyncIterable<LogLine>> {
    await this.#awake(name, 'logs');
    const record = this.#context.registry.get(name);
    return this.#inUse(record, await openLogs(this.#context, record, options));
  }

  async console(name: string, tailBytes?: number): Promise<string> {
    return readConsole(this.#context.registry.get(name), tailBytes);
  }

  async exec(
    name: string,
    options: TerminalOptions & { readonly service: string; readonly argv: readonly string[] },
    signal: AbortSignal,
  ): Promise<TerminalProcess> {
    await this.#awake(name, 'exec');
    const record = this.#context.registry.get(name);
    const container = await containerOf(this.#context, record, options.service, signal);
    const process = await this.#context.sessions
      .engine(record)
      .exec(container, options.argv, startOptions(options, signal));
    return this.#whileOpen(record, toTerminal(process, options.tty));
  }

  async files(name: string, options: FilesOptions, signal: AbortSignal): Promise<TerminalProcess> {
    // For an operation that brings the environment up, and holds it.
    if (options.operation !== undefined) return serveFiles(this.#context, name, options, signal);
    await this.#awake(name, 'sync');
    return this.#whileOpen(
      this.#context.registry.get(name),
      await serveFiles(this.#context, name, options, signal),
    );
  }

  async shell(
    name: string,
    options: TerminalOptions & { readonly argv?: readonly string[] },
    signal: AbortSignal,
  ): Promise<TerminalProcess> {
    await this.#awake(name, 'shell');
    const record = this.#context.registry.get(name);
    const process = await this.#context.sessions
      .shell(record)
      .openProcess(options.argv ?? [], startOptions(options, signal));
    return this.#whileOpen(record, toTerminal(process, options.tty));
  }

  #awake(name: string, command: string): Promise<void> {
    return this.#context.sleepers.awake(name, `\`berth ${command}\``);
  }

  #whileOpen(record: EnvironmentRecord, process: TerminalProcess): TerminalProcess {
    return useWhileOpen(this.#context.sleepers, record.id, process);
  }

  async *#inUse<Item>(record: EnvironmentRecord, items: AsyncIterable<Item>): AsyncGenerator<Item> {
    using _use = this.#context.sleepers.use(record.id);
    yield* items;
  }
}

function startOptions({ tty, rows, columns }: TerminalOptions, signal: AbortSignal) {
  return { timeoutMs: START_TIMEOUT_MS, signal, ...(tty ? { tty: { rows, cols: columns } } : {}) };
}
