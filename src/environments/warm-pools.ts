import { sleep } from '../base/index.ts';
import { asBerthError, berthError } from '../errors/index.ts';
import type { TemplateManifest } from '../machines/index.ts';
import type { TemplateId, WarmPool } from '../model/index.ts';
import { defineCollection, type Store } from '../store/index.ts';
import type { Context } from './context.ts';
import type { FrozenWorkload } from './freeze-environment.ts';
import { DEMAND_WINDOW_MS, type PoolBounds, wantedMembers } from './plan/pool-size.ts';
import { readPressure } from './read-pressure.ts';
import { discardMember, makeMember, type WarmMember } from './warm-member.ts';

/** How often pressure, age and demand are looked at while nothing happens. */
const LOOK_INTERVAL_MS = 5_000;
/** Members are made while nobody waits for anything else, but not put off for ever. */
const GIVE_WAY_MS = 10_000;
const GIVE_WAY_INTERVAL_MS = 100;
/** A member that has waited for so long is replaced: what its guest believes to be open elsewhere is long closed. */
const MAX_AGE_MS = 60 * 60_000;
const RETRY_AFTER_MS = 30_000;
const FOREGROUND: ReadonlySet<string> = new Set(['fork', 'up', 'start', 'restart']);

interface PoolSetting extends PoolBounds {
  readonly template: TemplateId;
}

const settings = defineCollection<PoolSetting>('warm-pools');

interface Pool {
  bounds: PoolBounds;
  readonly members: WarmMember[];
  /** When forks of the template were asked for, on the monotonic clock. */
  takesMs: number[];
  making: number;
  hits: number;
  misses: number;
  /** After a failure: not before. */
  retryAtMs: number;
  problem?: string | undefined;
}

/**
 * Keeps forks of templates ready, paused, so that a fork only has to be taken. They are no environments: nobody sees them, the next
 * daemon removes what one that was killed has left, and under memory pressure they go first.
 */
export class WarmPools implements AsyncDisposable {
  readonly #store: Store;
  readonly #pools = new Map<TemplateId, Pool>();
  readonly #ending = new AbortController();
  #context: Context | undefined;
  #working: Promise<void> | undefined;
  #again = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Begins to fill the pools that are wanted; returns at once. */
  async start(context: Context): Promise<void> {
    this.#context = context;
    for (const { value } of await this.#store.list(settings)) {
      const { template, ...bounds } = value;
      this.#pools.set(template, newPool(bounds));
    }
    this.#timer = setInterval(() => this.#look(), LOOK_INTERVAL_MS);
    this.#timer.unref();
    this.#look();
  }

  /**
   * Sets how many forks of a template are kept; `max` 0 keeps none. What is too many goes, what is missing is made in the background.
   */
  async set(template: TemplateManifest, bounds: PoolBounds): Promise<void> {
    const pool = this.#pools.get(template.id);
    if (bounds.max === 0) {
      await this.remove(template.id);
      return;
    }
    await this.#store.put(settings, template.id, { template: template.id, ...bounds });
    if (pool === undefined) this.#pools.set(template.id, newPool(bounds));
    else pool.bounds = bounds;
    this.#look();
  }

  /** Keeps none of a template any more. Done already is fine. */
  async remove(template: TemplateId): Promise<void> {
    const pool = this.#pools.get(template);
    this.#pools.delete(template);
    await this.#store.delete(settings, template);
    // One that is being made finds no pool when it is ready, and goes.
    while (pool !== undefined && pool.making > 0) await this.#working;
    await this.#give(pool?.members.splice(0) ?? []);
  }

  /** The state of a template's pool; undefined when it has none. */
  statusOf(template: TemplateId): WarmPool | undefined {
    const pool = this.#pools.get(template);
    if (pool === undefined) return undefined;
    const { bounds, members, making, hits, misses, problem } = pool;
    const oldest = members[0];
    return {
      ...{ ...bounds, ready: members.length, making, hits, misses },
      ...(oldest === undefined ? {} : { oldestAgeMs: Math.round(performance.now() - oldest.madeAtMs) }),
      ...(problem === undefined ? {} : { problem }),
    };
  }

  /** Takes as many members as there are, at most `count`; what is missing is for the caller to make, and is made for the next one. */
  take(template: TemplateId, count: number): WarmMember[] {
    const pool = this.#pools.get(template);
    if (pool === undefined) return [];
    const nowMs = performance.now();
    for (let index = 0; index < count; index++) pool.takesMs.push(nowMs);
    const taken = pool.members.splice(0, count);
    pool.hits += taken.length;
    pool.misses += count - taken.length;
    this.#look();
    return taken;
  }

  /** How many forks of a template are ready. */
  readyOf(template: TemplateId): number {
    return this.#pools.get(template)?.members.length ?? 0;
  }

  /** All that are ready. */
  members(): readonly WarmMember[] {
    return [...this.#pools.values()].flatMap(({ members }) => members);
  }

  /** Gives all up because something else needs their room; they are made again after a while. */
  async giveUp(why: string): Promise<void> {
    for (const [id, pool] of this.#pools) {
      const going = pool.members.splice(0);
      pool.retryAtMs = performance.now() + RETRY_AFTER_MS;
      if (going.length === 0) continue;
      this.#context?.events.append('pool.shrunk', id, `${going.length} warm forks given up: ${why}`);
      await this.#give(going);
    }
  }

  /** Ends the filling and gives all members back. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.#ending.abort(berthError('cancelled', 'the daemon ends'));
    await this.#working;
    for (const pool of this.#pools.values()) await this.#give(pool.members.splice(0));
  }

  /** Sees that the pools are as they should be; one at a time, and once more when asked meanwhile. */
  #look(): void {
    if (this.#ending.signal.aborted) return;
    this.#again = true;
    this.#working ??= this.#work()
      .catch((error: unknown) =>
        this.#context?.log.warn({ err: error }, 'the warm forks could not be looked after'),
      )
      .finally(() => {
        this.#working = undefined;
      });
  }

  async #work(): Promise<void> {
    while (this.#again && !this.#ending.signal.aborted) {
      this.#again = false;
      for (const [id, pool] of [...this.#pools]) await this.#tend(id, pool);
    }
  }

  async #tend(id: TemplateId, pool: Pool): Promise<void> {
    const nowMs = performance.now();
    pool.takesMs = pool.takesMs.filter((at) => nowMs - at < DEMAND_WINDOW_MS);
    const pressure = await readPressure();
    const wanted = pressure === 'shrink' ? 0 : wantedMembers(pool.bounds, pool.takesMs, nowMs);
    // The oldest go first.
    const old = pool.members.filter(({ madeAtMs }) => nowMs - madeAtMs > MAX_AGE_MS).slice(0, 1);
    const excess = pool.members.slice(0, Math.max(0, pool.members.length - wanted));
    const going = new Set([...old, ...excess]);
    const staying = pool.members.filter((member) => !going.has(member));
    pool.members.splice(0, pool.members.length, ...staying);
    await this.#give([...going]);
    if (pressure === 'shrink' && going.size > 0)
      this.#context?.events.append('pool.shrunk', id, `${going.size} warm forks given up: memory is short`);
    if (pressure !== 'room' || pool.members.length >= wanted || performance.now() < pool.retryAtMs) return;
    await this.#fill(id, pool);
    this.#again = true;
  }

  async #fill(id: TemplateId, pool: Pool): Promise<void> {
    const context = this.#context;
    const template = await context?.templates.find(id);
    if (context === undefined) return;
    if (template === undefined) {
      await this.remove(id);
      return;
    }
    pool.making = 1;
    try {
      await this.#giveWay(context);
      const workload = template.workload as FrozenWorkload;
      using _room = context.admission.admitSpare({
        start: 'fork',
        shape: template.shape,
        project: workload.project,
      });
      const member = await makeMember(context, template, workload, this.#ending.signal);
      pool.problem = undefined;
      if (this.#pools.get(id) !== pool) return await this.#give([member]);
      pool.members.push(member);
      // One that ends by itself is no member any more.
      void member.machine.running.exited.then(() => this.#lose(pool, member)).catch(() => undefined);
    } catch (error) {
      if (this.#ending.signal.aborted) return;
      pool.retryAtMs = performance.now() + RETRY_AFTER_MS;
      // A host that stays full is told of once.
      const isKnown = pool.problem !== undefined && asBerthError(error).code === 'capacity-exceeded';
      pool.problem = error instanceof Error ? error.message : String(error);
      if (isKnown) return;
      context.log.warn({ template: id, err: error }, 'a warm fork could not be made');
      context.events.append('pool.failed', template.name, pool.problem);
    } finally {
      pool.making = 0;
    }
  }

  #lose(pool: Pool, member: WarmMember): void {
    const index = pool.members.indexOf(member);
    if (index < 0) return;
    pool.members.splice(index, 1);
    void this.#give([member]).finally(() => this.#look());
  }

  async #giveWay({ operations }: Context): Promise<void> {
    const isBusy = () =>
      operations.list().some(({ kind, state }) => state === 'running' && FOREGROUND.has(kind));
    for (let waitedMs = 0; waitedMs < GIVE_WAY_MS && isBusy(); waitedMs += GIVE_WAY_INTERVAL_MS)
      await sleep(GIVE_WAY_INTERVAL_MS, this.#ending.signal);
  }

  async #give(members: readonly WarmMember[]): Promise<void> {
    const context = this.#context;
    if (context === undefined) return;
    for (const member of members)
      await discardMember(context, member).catch((error: unknown) =>
        context.log.warn({ environment: member.id, err: error }, 'a warm fork could not be given back'),
      );
  }
}

function newPool(bounds: PoolBounds): Pool {
  return { bounds, members: [], takesMs: [], making: 0, hits: 0, misses: 0, retryAtMs: 0 };
}
