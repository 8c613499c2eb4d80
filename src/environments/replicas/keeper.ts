import { asBerthError } from '../../errors/index.ts';
import { cpuTimeMs } from '../../host/index.ts';
import { DEFAULT_DRAIN_MS, type EnvironmentId, type ReplicaPolicy } from '../../model/index.ts';
import type { Context } from '../context.ts';
import { lookEach } from '../look-each.ts';
import { decideScale, type ScaleMemory } from '../plan/scale.ts';
import type { EnvironmentRecord } from '../record.ts';
import { isSound } from './change-machines.ts';
import { policyOf } from './policy-of.ts';

const LOOK_INTERVAL_MS = 1_000;
/** After a change that failed: not before, and twice as long each time. */
const FIRST_RETRY_MS = 15_000;
const LAST_RETRY_MS = 240_000;
/** One that refuses for so long, and again and again, is replaced. */
const REPLACE_AFTER_MS = 30_000;
const REPLACE_AFTER_TIMES = 4;
/** For one that is to have its own machine only. */
const ALONE: ReplicaPolicy = {
  ...{ min: 1, max: 1, target: 'connections', value: 1, coolDownMs: 0, drainMs: DEFAULT_DRAIN_MS },
};
/** How much the newest look weighs against those before it. */
const WEIGHT = 0.5;

/** Sees that each environment has the machines that its policy wants, and that they answer. */
export function keepScale(context: Context): AsyncDisposable {
  const keeper = new ScaleKeeper(context);
  return lookEach(LOOK_INTERVAL_MS, context.log, 'looking after the replicas failed', () => keeper.look());
}

interface Watched {
  memory: ScaleMemory;
  connections: number;
  answerMs?: number | undefined;
  cores?: number | undefined;
  readonly cpuMs: Map<EnvironmentId, { readonly pid: number; readonly atMs: number; readonly cpuMs: number }>;
  readonly unhealthy: Set<EnvironmentId>;
  retryAtMs: number;
  retryMs: number;
  problem?: string | undefined;
}

class ScaleKeeper {
  readonly #context: Context;
  readonly #watched = new Map<EnvironmentId, Watched>();

  constructor(context: Context) {
    this.#context = context;
  }

  async look(): Promise<void> {
    const { registry } = this.#context;
    for (const id of this.#watched.keys()) if (registry.find(id) === undefined) this.#watched.delete(id);
    for (const record of registry.list()) {
      const policy = policyOf(record) ?? this.#leftover(record);
      if (policy === undefined) continue;
      this.#keepWarm(record, policy);
      if (this.#isReady(record)) await this.#tend(record, policy);
    }
  }

  /** One that was to have several machines, and is not any more. */
  #leftover({ id, replicaOf, replicaTemplate }: EnvironmentRecord): ReplicaPolicy | undefined {
    if (replicaOf !== undefined) return undefined;
    const hasAny = replicaTemplate !== undefined || this.#context.replicas.of(id).length > 0;
    return hasAny ? ALONE : undefined;
  }

  /** Where the number follows the load one more is kept ready, while the environment runs. */
  #keepWarm({ id, state, name, replicaTemplate }: EnvironmentRecord, { min, max }: ReplicaPolicy): void {
    const { pools, templates, replicas, log } = this.#context;
    if (replicaTemplate === undefined || replicas.isChanging(id)) return;
    const wanted = state === 'running' && max > min ? 1 : 0;
    if ((pools.statusOf(replicaTemplate)?.max ?? 0) === wanted) return;
    const set = async () => {
      const template = await templates.find(replicaTemplate);
      if (template !== undefined) await pools.set(template, { min: wanted, max: wanted });
    };
    set().catch((error: unknown) =>
      log.warn({ environment: name, err: error }, 'no replica can be kept ready'),
    );
  }

  /** Whether it is one to whose number of machines something may be done now. */
  #isReady({ id, state, operation }: EnvironmentRecord): boolean {
    const { sessions, sleepers, replicas } = this.#context;
    if (state !== 'running' || operation !== undefined || replicas.isChanging(id)) return false;
    return sessions.isReachable(id) && sleepers.isAwake(id) && !sleepers.isTurning(id);
  }

  async #tend(record: EnvironmentRecord, policy: ReplicaPolicy): Promise<void> {
    const { replicas, sleepers } = this.#context;
    const watched = this.#watch(record);
    const nowMs = performance.now();
    const all = replicas.of(record.id);
    const failed = this.#tellHealth(record, all, watched, nowMs);
    const running = all.filter((one) => isSound(this.#context, one, undefined) && !failed.has(one.id));
    const isCurrent = all.every(({ id, template }) => template === record.replicaTemplate && !failed.has(id));
    const { idle } = record.workload;
    const isIdle =
      policy.min === 0 && idle !== undefined && sleepers.usageOf(record.id).idleMs >= idle.afterMs;
    const { connections, cores, answerMs } = watched;
    const facts = { policy, machines: running.length + 1, connections, cores, answerMs, isIdle, nowMs };
    const { wanted, memory } = decideScale(facts, watched.memory);
    watched.memory = memory;
    // One that may have to grow has at hand what it grows from.
    const hasTemplate = (record.replicaTemplate !== undefined) === policy.max > 1;
    const isRight = wanted === facts.machines && running.length === all.length && isCurrent && hasTemplate;
    if (isRight || nowMs < watched.retryAtMs) return;
    for (const id of failed) {
      const replica = this.#context.registry.find(id);
      if (replica !== undefined) await replicas.remove(replica);
    }
    await this.#change(record, wanted, watched);
  }

  async #change(record: EnvironmentRecord, wanted: number, watched: Watched): Promise<void> {
    const { operations, replicas, events } = this.#context;
    const { id, name } = record;
    const operation = await operations.start('scale', [name], { id, replicas: wanted }, async (work) => {
      try {
        await replicas.change(id, wanted, work);
        watched.problem = undefined;
        watched.retryMs = FIRST_RETRY_MS;
        watched.memory = { changedAtMs: performance.now() };
      } catch (error) {
        const { code, message } = asBerthError(error);
        watched.retryAtMs = performance.now() + watched.retryMs;
        watched.retryMs = Math.min(watched.retryMs * 2, LAST_RETRY_MS);
        // What lasts is told of once.
        const isNews = watched.problem !== message && code !== 'not-running' && !work.signal.aborted;
        if (isNews) events.append('replica.failed', name, `it stays as it is: ${message}`);
        watched.problem = message;
        throw error;
      }
    });
    // Others are looked after meanwhile.
    operations.wait(operation.id).catch(() => undefined);
  }

  #watch({ id }: EnvironmentRecord): Watched {
    const { ingress, replicas, registry } = this.#context;
    const known = this.#watched.get(id) ?? newWatched();
    this.#watched.set(id, known);
    const connections = ingress.loads(id).reduce((sum, load) => sum + load.connections, 0);
    known.connections += (connections - known.connections) * WEIGHT;
    const answerMs = ingress.takeAnswerMs(id);
    if (answerMs === undefined) known.answerMs = undefined;
    else known.answerMs = (known.answerMs ?? answerMs) * (1 - WEIGHT) + answerMs * WEIGHT;
    const cores = [registry.get(id), ...replicas.of(id)].map((one) => this.#coresOf(one.id, known));
    const sum = cores.reduce<number>((total, one) => total + (one ?? 0), 0);
    if (cores[0] !== undefined) known.cores = (known.cores ?? sum) * (1 - WEIGHT) + sum * WEIGHT;
    return known;
  }

  /** Cores that a machine has used since the last look. */
  #coresOf(id: EnvironmentId, { cpuMs: samples }: Watched): number | undefined {
    const pid = this.#context.sessions.find(id)?.machine.running.process.pid;
    const cpuMs = pid === undefined ? undefined : cpuTimeMs(pid);
    const before = samples.get(id);
    if (pid === undefined || cpuMs === undefined) return undefined;
    const atMs = performance.now();
    samples.set(id, { pid, atMs, cpuMs });
    return before?.pid === pid && atMs > before.atMs
      ? (cpuMs - before.cpuMs) / (atMs - before.atMs)
      : undefined;
  }

  /** Tells of those that stopped answering, and that do again; gives those that are to be replaced. */
  #tellHealth(
    record: EnvironmentRecord,
    all: readonly EnvironmentRecord[],
    { unhealthy }: Watched,
    nowMs: number,
  ): ReadonlySet<EnvironmentId> {
    const { ingress, events, sessions } = this.#context;
    const loads = new Map(ingress.loads(record.id).map((load) => [load.id, load]));
    const given = new Set<EnvironmentId>();
    for (const { id, name, reason } of all) {
      const failure = loads.get(id)?.failure;
      const ended = sessions.find(id) === undefined ? (reason ?? 'its machine ended') : undefined;
      const problem = ended ?? failure?.reason;
      if (problem !== undefined && !unhealthy.has(id))
        events.append('replica.unhealthy', record.name, `${name} gets no new connections: ${problem}`);
      if (problem === undefined && unhealthy.has(id))
        events.append('replica.healthy', record.name, `${name} answers again`);
      if (problem === undefined) unhealthy.delete(id);
      else unhealthy.add(id);
      const lasts = failure !== undefined && nowMs - failure.sinceMs > REPLACE_AFTER_MS;
      if (lasts && failure.times >= REPLACE_AFTER_TIMES) given.add(id);
    }
    return given;
  }
}

function newWatched(): Watched {
  const memory = { changedAtMs: performance.now() };
  return {
    memory,
    connections: 0,
    cpuMs: new Map(),
    unhealthy: new Set(),
    retryAtMs: 0,
    retryMs: FIRST_RETRY_MS,
  };
}
