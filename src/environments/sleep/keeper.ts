import { cpuTimeMs, stalledPercent } from '../../host/index.ts';
import type { EnvironmentId } from '../../model/index.ts';
import type { Context } from '../context.ts';
import { lookEach } from '../look-each.ts';
import { type HostStress, type IdleFacts, restByPolicy, restUnderStress } from '../plan/idle.ts';
import { readPressure } from '../read-pressure.ts';
import type { EnvironmentRecord } from '../record.ts';

const LOOK_INTERVAL_MS = 1_000;
/** How long the guest must have been quiet where its policy asks for more, or for none. */
const MAX_WATCHED_MS = 60_000;
const MIN_WATCHED_MS = 2_000;
/** Share of the last ten seconds in which tasks waited for a processor, in percent, from which on the idle are stopped. */
const CPU_STALLED_PERCENT = 60;

interface Sample {
  readonly atMs: number;
  readonly cpuMs: number;
}

interface Candidate {
  readonly record: EnvironmentRecord;
  readonly facts: IdleFacts;
}

/** Brings environments to rest that nobody uses, as their policies say, and earlier when the host needs what they have. */
export function keepIdle(context: Context): AsyncDisposable {
  const keeper = new IdleKeeper(context);
  return lookEach(LOOK_INTERVAL_MS, context.log, 'looking after the idle failed', () => keeper.look());
}

class IdleKeeper {
  readonly #context: Context;
  /** CPU time of each guest's process, oldest first. */
  readonly #samples = new Map<EnvironmentId, { readonly pid: number; readonly samples: Sample[] }>();

  constructor(context: Context) {
    this.#context = context;
  }

  async look(): Promise<void> {
    const candidates = this.#candidates();
    if (candidates.length === 0) return;
    const going = candidates.flatMap(({ record, facts }) => {
      const verdict = restByPolicy(facts);
      return verdict === 'stay' ? [] : [{ record, verdict, cause: causeOf(facts) }];
    });
    for (const { record, verdict, cause } of going) await this.#rest(record, verdict, cause);
    if (going.length === 0) await this.#giveWay(candidates);
  }

  #candidates(): Candidate[] {
    const { registry } = this.#context;
    for (const id of this.#samples.keys()) if (registry.find(id) === undefined) this.#samples.delete(id);
    const now = new Date();
    return registry.list().flatMap((record) => {
      const facts = this.#factsOf(record, now);
      return facts === undefined ? [] : [{ record, facts }];
    });
  }

  /** Undefined for one that is not to come to rest now, whatever its policy says. */
  #factsOf(record: EnvironmentRecord, now: Date): IdleFacts | undefined {
    const { id, state, operation, workload, rest } = record;
    if ((state !== 'running' && state !== 'frozen') || operation !== undefined) return undefined;
    const { sessions, sleepers } = this.#context;
    if (this.#context.replicas.keepsAwake(record)) return undefined;
    const session = sessions.find(id);
    if (session === undefined || session.ending || session.imports.size > 0) return undefined;
    const { idleMs, uses } = sleepers.usageOf(id);
    if (uses > 0 || sleepers.isTurning(id)) return undefined;
    const policy = workload.idle;
    if (state === 'frozen') {
      const frozenMs = now.getTime() - Date.parse(rest?.since ?? now.toISOString());
      return { policy, depth: 'frozen', idleMs: frozenMs, now };
    }
    if (policy === undefined || !session.isKnown) return undefined;
    const cpuShare = this.#shareOf(id, session.machine.running.process.pid, policy.afterMs);
    return { policy, depth: 'awake', idleMs, cpuShare, now };
  }

  #shareOf(id: EnvironmentId, pid: number, afterMs: number): number | undefined {
    const atMs = performance.now();
    const cpuMs = cpuTimeMs(pid) ?? 0;
    const known = this.#samples.get(id);
    const samples = known?.pid === pid ? known.samples : [];
    samples.push({ atMs, cpuMs });
    const watchedMs = Math.min(Math.max(afterMs, MIN_WATCHED_MS), MAX_WATCHED_MS) - LOOK_INTERVAL_MS / 2;
    // The youngest that is old enough, and what came after it.
    while ((samples[1]?.atMs ?? atMs) <= atMs - watchedMs) samples.shift();
    this.#samples.set(id, { pid, samples });
    const [first] = samples;
    if (first === undefined || first.atMs > atMs - watchedMs) return undefined;
    return (cpuMs - first.cpuMs) / (atMs - first.atMs);
  }

  /** One at a time, the longest idle first: what it gives back may do. Warm forks go before. */
  async #giveWay(candidates: readonly Candidate[]): Promise<void> {
    if (this.#context.pools.members().length > 0) return;
    const stress = await readStress();
    if (!stress.memory && !stress.cpu) return;
    const able = candidates
      .map(({ record, facts }) => ({ record, facts, verdict: restUnderStress(facts, stress) }))
      .filter(({ verdict }) => verdict !== 'stay')
      .sort((a, b) => b.facts.idleMs - a.facts.idleMs);
    const [first] = able;
    if (first === undefined || first.verdict === 'stay') return;
    await this.#rest(
      first.record,
      first.verdict,
      `the host is short of ${stress.memory ? 'memory' : 'CPU'}`,
      true,
    );
  }

  async #rest(
    record: EnvironmentRecord,
    verdict: 'freeze' | 'sleep',
    cause: string,
    inHaste = false,
  ): Promise<void> {
    const { sleepers, log } = this.#context;
    try {
      await sleepers.rest(record.id, verdict === 'freeze' ? 'frozen' : 'asleep', { cause, inHaste });
    } catch (error) {
      if (!sleepers.isAwake(record.id)) throw error;
      log.info({ environment: record.name, err: error }, 'an idle environment did not come to rest');
    }
  }
}

function causeOf({ depth, idleMs }: IdleFacts): string {
  const seconds = Math.round(idleMs / 1000);
  return depth === 'frozen' ? `frozen for ${seconds} s` : `idle for ${seconds} s`;
}

async function readStress(): Promise<HostStress> {
  const [pressure, cpu = 0] = await Promise.all([readPressure(), stalledPercent('cpu')]);
  return { memory: pressure === 'shrink', cpu: cpu > CPU_STALLED_PERCENT };
}
