import type { Volume } from '../../model/index.ts';
import type { Context } from '../context.ts';
import { useWhileOpen } from '../sleep/use-while-open.ts';
import type { TerminalProcess } from '../terminal.ts';
import { exportVolume, importVolume, removeVolume } from './change-volumes.ts';
import { exportKept, keptVolumesOf, removeKept } from './kept-access.ts';
import { chooseVolume, volumesOf } from './read-volumes.ts';

interface VolumeOptions {
  readonly kept: boolean;
  readonly signal: AbortSignal;
}

/** Everything that users do with volumes. */
export class VolumeOperations {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Those of one environment, or of all, with those that are kept; one that cannot be asked just now shows none. */
  async list(environment: string | undefined, signal: AbortSignal): Promise<readonly Volume[]> {
    const context = this.#context;
    const kept = await keptVolumesOf(context, environment);
    if (environment !== undefined) {
      if (kept.length > 0 && context.registry.find(environment) === undefined) return kept;
      return [...(await volumesOf(context, context.registry.get(environment), signal)), ...kept];
    }
    const found = await Promise.all(
      context.registry.list().map((record) => volumesOf(context, record, signal).catch(() => [])),
    );
    return [...found.flat(), ...kept];
  }

  async get(environment: string, volume: string, o: VolumeOptions): Promise<Volume> {
    if (o.kept) return chooseVolume(environment, await keptVolumesOf(this.#context, environment), volume);
    const record = this.#context.registry.get(environment);
    return chooseVolume(record.name, await volumesOf(this.#context, record, o.signal), volume);
  }

  async remove(environment: string, volume: string, o: VolumeOptions): Promise<void> {
    if (o.kept) return removeKept(this.#context, environment, volume);
    await this.#awake(environment);
    return removeVolume(this.#context, environment, volume, o.signal);
  }

  async export(environment: string, volume: string, o: VolumeOptions): Promise<TerminalProcess> {
    if (o.kept) return exportKept(this.#context, environment, volume);
    await this.#awake(environment);
    return this.#whileOpen(environment, await exportVolume(this.#context, environment, volume, o.signal));
  }

  async import(
    environment: string,
    volume: string,
    o: { readonly force: boolean; readonly signal: AbortSignal },
  ): Promise<TerminalProcess> {
    await this.#awake(environment);
    return this.#whileOpen(environment, await importVolume(this.#context, environment, volume, o));
  }

  #awake(environment: string): Promise<void> {
    return this.#context.sleepers.awake(environment, '`berth volume`');
  }

  #whileOpen(environment: string, process: TerminalProcess): TerminalProcess {
    return useWhileOpen(this.#context.sleepers, this.#context.registry.get(environment).id, process);
  }
}
