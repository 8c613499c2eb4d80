import { deadlineSignal, Emitter, poll } from '../../base/index.ts';
import { asBerthError, berthError } from '../../errors/index.ts';
import {
  connectUnix,
  isAlive,
  type ProcessIdentity,
  tailFile,
  terminate,
  waitForExit,
} from '../../host/index.ts';
import type {
  EndedBy,
  FreezeOptions,
  FreezeReport,
  MachineExit,
  MergeOptions,
  RunningMachine,
  SaveOptions,
  SaveReport,
} from '../hypervisor.ts';
import { type MachinePaths, machinePaths, MEMORY_PATH } from './argv.ts';
import { setFileLimit } from './file-limit.ts';
import { addDiskLayer, freezeMachine, saveMachine, topLayer } from './freeze.ts';
import { endMerge, flushDisk, layersBelow, mergeLayers } from './merge.ts';
import { QmpClient } from './qmp/client.ts';

const QMP_TIMEOUT_MS = 5000;
/** How long QEMU may take to end by itself after `quit`, and then after SIGTERM. */
const GRACE_MS = 3000;
/** Longest pause between two looks for the end of a process that is not our child. */
const EXIT_TIMEOUT_MS = 2 ** 31 - 1;
const MEBIBYTE = 1024 ** 2;
const GIBIBYTE = 1024 ** 3;
const LOG_TAIL_BYTES = 2000;

/** What an exit looked like to the parent of the process. */
export interface ChildExit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** One QEMU process and the connection to its monitor. */
export class QemuMachine implements RunningMachine {
  readonly id: string;
  readonly process: ProcessIdentity;
  readonly exited: Promise<MachineExit>;
  readonly #directory: string;
  readonly #paths: MachinePaths;
  readonly #memoryMib: number;
  readonly #detached = new AbortController();
  #client: QmpClient;
  #connecting: Promise<QmpClient> | undefined;
  #shutdownReason: string | undefined;
  readonly #guestEvents = new Emitter<{ restart: undefined; panic: undefined }>();

  constructor(o: {
    readonly id: string;
    readonly directory: string;
    readonly memoryMib: number;
    readonly process: ProcessIdentity;
    readonly client: QmpClient;
    /** Present when this process started QEMU itself. */
    readonly childExit?: Promise<ChildExit>;
  }) {
    this.id = o.id;
    this.process = o.process;
    this.#directory = o.directory;
    this.#paths = machinePaths(o.directory);
    this.#memoryMib = o.memoryMib;
    this.#client = o.client;
    this.#watch(o.client);
    this.exited = this.#awaitExit(o.childExit);
    this.exited.catch(() => undefined);
  }

  get guestSocketPath(): string {
    return this.#paths.guest;
  }

  get agentSocketPath(): string {
    return this.#paths.agent;
  }

  get consolePath(): string {
    return this.#paths.console;
  }

  async resume(): Promise<void> {
    await (await this.#connected()).send('cont');
  }

  async pause(): Promise<void> {
    await (await this.#connected()).send('stop');
  }

  async isResponsive(timeoutMs: number): Promise<boolean> {
    try {
      await (await this.#connected()).send('query-status', undefined, timeoutMs);
      return true;
    } catch {
      return false;
    }
  }

  async freeze(options: FreezeOptions): Promise<FreezeReport> {
    return freezeMachine(await this.#unmerged(), this.#memoryMib * MEBIBYTE, options);
  }

  async save(options: SaveOptions): Promise<SaveReport> {
    return saveMachine(await this.#unmerged(), this.#memoryMib * MEBIBYTE, options);
  }

  async addLayer(overlayPath: string): Promise<void> {
    await addDiskLayer(await this.#unmerged(), overlayPath);
  }

  async mergeLayers(options: MergeOptions): Promise<void> {
    const client = await this.#connected();
    try {
      await mergeLayers(client, options);
    } catch (error) {
      if (!client.isClosed) await endMerge(client);
      throw error;
    }
  }

  async flushDisk(): Promise<void> {
    await flushDisk(await this.#connected());
  }

  async layersBelow(): Promise<number> {
    return layersBelow(await this.#connected());
  }

  async topLayer(): Promise<string> {
    return topLayer(await this.#connected());
  }

  async growDisk(sizeGib: number): Promise<void> {
    const client = await this.#unmerged();
    const memoryMib = this.#memoryMib;
    await setFileLimit(
      { pid: this.process.pid, directory: this.#directory },
      { diskGib: sizeGib, memoryMib },
    );
    await client.send('block_resize', { 'node-name': await topLayer(client), size: sizeGib * GIBIBYTE });
  }

  async isStalled(): Promise<boolean> {
    return (await (await this.#connected()).send('query-status')).status === 'io-error';
  }

  async writtenBytes(): Promise<number> {
    const devices = await (await this.#connected()).send('query-blockstats');
    return devices.reduce((sum, { qdev, stats }) => sum + (qdev === undefined ? 0 : stats.wr_bytes), 0);
  }

  async mergeMemory(allowed: boolean): Promise<void> {
    await (await this.#connected()).send('qom-set', { path: MEMORY_PATH, property: 'merge', value: allowed });
  }

  async powerDown(): Promise<void> {
    await (await this.#connected()).send('system_powerdown');
  }

  async terminate(options: { readonly graceMs?: number } = {}): Promise<EndedBy | undefined> {
    if (!isAlive(this.process)) return 'itself';
    const graceMs = options.graceMs ?? GRACE_MS;
    // QEMU may be hung or gone: then the signals below do it.
    if (!this.#client.isClosed)
      await this.#client.send('quit', undefined, Math.min(graceMs, 1000)).catch(() => undefined);
    if (await waitForExit(this.process, { timeoutMs: graceMs })) return 'quit';
    if (await terminate(this.process, { signal: 'SIGTERM', timeoutMs: graceMs })) return 'SIGTERM';
    return (await terminate(this.process, { signal: 'SIGKILL', timeoutMs: 10_000 })) ? 'SIGKILL' : undefined;
  }

  detach(): void {
    this.#detached.abort(berthError('cancelled', 'the daemon let go of the machine'));
    this.#client.close();
  }

  onGuestRestart(listener: () => void): () => void {
    return this.#guestEvents.on('restart', listener);
  }

  onGuestPanic(listener: () => void): () => void {
    return this.#guestEvents.on('panic', listener);
  }

  #watch(client: QmpClient): void {
    client.onEvent((event) => {
      if (event.event === 'SHUTDOWN' && typeof event.data['reason'] === 'string')
        this.#shutdownReason = event.data['reason'];
      // QEMU resets a machine by itself as well, before its guest first runs.
      if (event.event === 'RESET' && event.data['guest'] === true)
        this.#guestEvents.emit('restart', undefined);
      if (event.event === 'GUEST_PANICKED') this.#guestEvents.emit('panic', undefined);
    });
  }

  async #connected(): Promise<QmpClient> {
    if (!this.#client.isClosed) return this.#client;
    if (!isAlive(this.process))
      throw berthError('machine-crashed', `the QEMU process of ${this.id} has ended`);
    this.#connecting ??= this.#reconnect().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  /** While layers are being merged nothing else can be done with the disk. */
  async #unmerged(): Promise<QmpClient> {
    const client = await this.#connected();
    await endMerge(client);
    return client;
  }

  async #reconnect(): Promise<QmpClient> {
    const client = await openMonitor(this.#paths.qmp, QMP_TIMEOUT_MS);
    this.#client = client;
    this.#watch(client);
    return client;
  }

  async #awaitExit(childExit: Promise<ChildExit> | undefined): Promise<MachineExit> {
    const exit = childExit === undefined ? await this.#awaitForeignExit() : await childExit;
    const message = (await tailFile(this.#paths.stderr, LOG_TAIL_BYTES).catch(() => '')).trim();
    const poweredOff = this.#shutdownReason?.startsWith('guest-') ?? false;
    return {
      ...(typeof exit?.code === 'number' ? { code: exit.code } : {}),
      ...(typeof exit?.signal === 'string' ? { signal: exit.signal } : {}),
      message,
      poweredOff,
    };
  }

  async #awaitForeignExit(): Promise<ChildExit | undefined> {
    while (
      !(await waitForExit(this.process, { timeoutMs: EXIT_TIMEOUT_MS, signal: this.#detached.signal }))
    ) {
      this.#detached.signal.throwIfAborted();
    }
    return undefined;
  }
}

/** Connects to a monitor whose socket may not be there yet. */
export async function openMonitor(path: string, timeoutMs: number, signal?: AbortSignal): Promise<QmpClient> {
  const within = deadlineSignal(timeoutMs, signal);
  try {
    const socket = await poll(
      async () => {
        try {
          return await connectUnix(path, { timeoutMs, signal: within });
        } catch {
          return undefined;
        }
      },
      { timeoutMs, intervalMs: 2, signal: within, what: `the QEMU monitor at ${path}` },
    );
    return await QmpClient.open(socket, timeoutMs);
  } catch (error) {
    throw asBerthError(error);
  }
}
