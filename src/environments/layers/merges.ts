import { join } from 'node:path';
import { asBerthError } from '../../errors/index.ts';
import { crashPoint, syncFile } from '../../host/index.ts';
import type { MachineDisk } from '../../machines/index.ts';
import type { EnvironmentId, TemplateId } from '../../model/index.ts';
import { collectTemplates, neededBeside } from '../collect-templates.ts';
import type { Context } from '../context.ts';
import type { Seals } from '../integrity/seals.ts';
import { planMerge, TOO_DEEP } from '../plan/plan-merge.ts';
import type { EnvironmentRecord } from '../record.ts';

/** As much as a background merge copies in a second: a guest and its neighbours have to notice nothing of it. */
const BYTES_PER_SECOND = 48 * 1024 ** 2;

/** Keeps disks shallow: merges layers in the background, one disk at a time, and gives way to whatever else is done with a disk. */
export class Merges {
  readonly #running = new Map<
    EnvironmentId,
    { readonly ending: AbortController; readonly done: Promise<void> }
  >();
  #isClosed = false;
  /** Of which this is a part. */
  readonly #of: () => Context;

  constructor(context: () => Context) {
    this.#of = context;
  }

  /** Ends a merge that is under way; the disk is what it was, or merged. Call it once no other can begin. */
  async stop(id: EnvironmentId): Promise<void> {
    const merge = this.#running.get(id);
    merge?.ending.abort(new Error('the disk is needed for something else'));
    await merge?.done;
  }

  /** Ends all that is under way, and begins no other. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#running.keys()].map((id) => this.stop(id)));
  }

  /** Merges layers of each disk that has become deep. What fails is told, and tried again another time. */
  async look(): Promise<void> {
    const { registry, log } = this.#of();
    for (const { id, name } of registry.list()) {
      const keep = await this.#keepOf(id);
      if (this.#isClosed) return;
      if (keep === undefined || !this.#isFree(id)) continue;
      const ending = new AbortController();
      const done = this.#merge(id, keep, { signal: ending.signal, bytesPerSecond: BYTES_PER_SECOND })
        .catch((error: unknown) => {
          if (!ending.signal.aborted)
            log.warn({ environment: name, err: error }, 'the layers of a disk could not be merged');
        })
        .finally(() => this.#running.delete(id));
      this.#running.set(id, { ending, done });
      await done;
    }
  }

  /** Before an operation adds a layer: merges at once, where the disk is about to become too deep. What fails is no reason not to try. */
  async beforeNextLayer(record: EnvironmentRecord, signal: AbortSignal): Promise<void> {
    const keep = await this.#keepOf(record.id, TOO_DEEP - 1);
    if (keep === undefined) return;
    try {
      await this.#merge(record.id, keep, { signal });
    } catch (error) {
      signal.throwIfAborted();
      this.#of().log.warn(
        { environment: record.name, err: error },
        'the layers of a disk could not be merged',
      );
    }
  }

  #isFree(id: EnvironmentId): boolean {
    const { registry, sleepers } = this.#of();
    const record = registry.find(id);
    if (record?.disk === undefined || record.operation !== undefined || sleepers.isTurning(id)) return false;
    if (record.freezing !== undefined || record.restoring !== undefined || record.unresponsive === true)
      return false;
    return ['running', 'degraded', 'frozen', 'asleep', 'stopped', 'crashed'].includes(record.state);
  }

  async #keepOf(id: EnvironmentId, deep?: number): Promise<number | undefined> {
    const { registry, templates } = this.#of();
    const record = registry.find(id);
    const layers = record?.disk?.layers ?? [];
    const mayBe = planMerge(layers, () => false, deep);
    if (record === undefined || mayBe === undefined) return undefined;
    const needed = neededBeside(record, await templates.list(), registry.list());
    return planMerge(layers, (layer) => needed.has(layer), deep);
  }

  async #merge(
    id: EnvironmentId,
    keep: number,
    o: { readonly signal: AbortSignal; readonly bytesPerSecond?: number },
  ): Promise<void> {
    const context = this.#of();
    const { disk } = context.registry.get(id);
    const base = disk?.layers.at(-keep);
    if (disk === undefined || base === undefined) return;
    const before = performance.now();
    // The layer that it writes to is about to become another file.
    context.seals.stop(id);
    await context.seals.assertUnchanged(context.registry.get(id), o);
    await context.registry.update(id, { merging: { keep }, seals: sealsBeside(context, id, disk.top) });
    crashPoint('merge.planned');
    try {
      await copyUp(context, id, disk, { ...o, keep, basePath: context.templates.files(base).disk });
      crashPoint('merge.merged');
    } finally {
      context.seals.stop(id);
      await settleMerge(context, id);
      await context.seals.complete(id);
    }
    crashPoint('merge.recorded');
    const merged = disk.layers.length - keep;
    const took = `${((performance.now() - before) / 1000).toFixed(1)} s`;
    const { name } = context.registry.get(id);
    context.events.append(
      'environment.layers-merged',
      name,
      `${merged} layers of its disk merged in ${took}`,
    );
    await collectTemplates(context);
  }
}

async function copyUp(
  context: Context,
  id: EnvironmentId,
  disk: MachineDisk,
  o: {
    readonly keep: number;
    readonly basePath: string;
    readonly signal: AbortSignal;
    readonly bytesPerSecond?: number;
  },
): Promise<void> {
  const session = context.sessions.find(id);
  if (session !== undefined) return session.machine.running.mergeLayers(o);
  await context.hypervisor.mergeDisk(join(disk.directory, disk.top), o.basePath, o);
}

/**
 * Writes down which layers a disk stands on after a merge that has ended or was interrupted: the machine is asked, or the disk. Nothing happens when there
 * was none. One that cannot be asked keeps what it had: more than it needs, which does no harm.
 */
export async function settleMerge(context: Context, id: EnvironmentId): Promise<void> {
  const { merging, disk, name } = context.registry.get(id);
  if (merging === undefined || disk === undefined) return;
  try {
    const isMerged = await standsOn(context, id, disk, merging.keep);
    // What was merged must be on the disk before what it came from may go.
    if (isMerged) await flush(context, id, disk);
    const layers = isMerged ? disk.layers.slice(-merging.keep) : disk.layers;
    // Whoever sealed it meanwhile has seen what it was then.
    const seals = sealsBeside(context, id, disk.top);
    await context.registry.update(id, { disk: { ...disk, layers }, merging: undefined, seals });
  } catch (error) {
    context.log.warn(
      { environment: name, err: asBerthError(error) },
      'a disk does not say what it stands on',
    );
    await context.registry.update(id, { merging: undefined, seals: sealsBeside(context, id, disk.top) });
  }
}

/** The seals of all but a layer that becomes another file. */
function sealsBeside(context: Context, id: EnvironmentId, top: string): Seals | undefined {
  const { seals } = context.registry.get(id);
  return seals && Object.fromEntries(Object.entries(seals).filter(([name]) => name !== top));
}

async function flush(context: Context, id: EnvironmentId, disk: MachineDisk): Promise<void> {
  const session = context.sessions.find(id);
  if (session === undefined) await syncFile(join(disk.directory, disk.top));
  else await session.machine.running.flushDisk();
}

async function standsOn(
  context: Context,
  id: EnvironmentId,
  disk: MachineDisk,
  keep: number,
): Promise<boolean> {
  const session = context.sessions.find(id);
  if (session !== undefined) return (await session.machine.running.layersBelow()) === keep;
  const base: TemplateId | undefined = disk.layers.at(-keep);
  const backing = await context.hypervisor.backingOf(join(disk.directory, disk.top));
  return base !== undefined && backing === context.templates.files(base).disk;
}
