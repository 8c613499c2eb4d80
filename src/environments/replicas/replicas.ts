import { KeyedMutex } from '../../base/index.ts';
import { berthError } from '../../errors/index.ts';
import type { MemberLoad } from '../../ingress/index.ts';
import type {
  EnvironmentId,
  OperationId,
  Replicas as ReplicasView,
  ReplicaStatus,
} from '../../model/index.ts';
import type { OperationContext } from '../../operations/index.ts';
import type { Context } from '../context.ts';
import { discard } from '../fork.ts';
import type { EnvironmentRecord } from '../record.ts';
import { changeMachines } from './change-machines.ts';
import { policyOf } from './policy-of.ts';

/** The machines that answer at the ports of an environment beside its own: forks of it, each an environment that goes with it. */
export class Replicas {
  /** What changes the replicas of one environment: one after the other. */
  readonly #turns = new KeyedMutex();
  readonly #working = new Map<EnvironmentId, OperationId>();
  readonly #of: () => Context;

  constructor(context: () => Context) {
    this.#of = context;
  }

  /** Oldest first. */
  of(id: EnvironmentId): EnvironmentRecord[] {
    return this.#of().registry.replicasOf(id);
  }

  /** Whether their number is being changed. */
  isChanging(id: EnvironmentId): boolean {
    return this.#working.has(id);
  }

  /** Whether an environment has to run although nobody uses it. */
  keepsAwake(record: EnvironmentRecord): boolean {
    if (record.replicaOf !== undefined || this.isChanging(record.id)) return true;
    return (policyOf(record)?.min ?? 0) > 0 || this.of(record.id).length > 0;
  }

  /** Sees that `wanted` machines answer, its own among them, within what its policy is by then; all as it is now. @throws what keeps one from coming to be */
  async change(id: EnvironmentId, wanted: number, operation: OperationContext): Promise<void> {
    await this.#turns.run(id, async () => {
      operation.signal.throwIfAborted();
      this.#working.set(id, operation.id);
      try {
        const record = this.#of().registry.get(id);
        // Who stopped it meanwhile goes before.
        if (record.state !== 'running')
          throw berthError('not-running', `environment "${record.name}" is ${record.state}`);
        const { min, max } = policyOf(record) ?? { min: 1, max: 1 };
        const within = Math.min(Math.max(wanted, min, 1), max);
        await changeMachines(this.#of(), record, this.of(id), within, operation);
      } finally {
        this.#working.delete(id);
      }
    });
  }

  /** Removes all at once; what is being done to them is cancelled. The environment itself is not touched. */
  async end(id: EnvironmentId): Promise<void> {
    const { operations, registry, pools } = this.#of();
    const working = this.#working.get(id);
    if (working !== undefined) {
      await operations.cancel(working);
      await operations.wait(working);
    }
    const template = registry.find(id)?.replicaTemplate;
    if (template !== undefined) await pools.remove(template);
    await this.#turns.run(id, async () => {
      await Promise.all(this.of(id).map((replica) => this.#discard(replica)));
    });
  }

  /** From now on its replicas are of what it was; they are replaced by others. */
  async renew(id: EnvironmentId): Promise<void> {
    const { registry, pools } = this.#of();
    const template = registry.find(id)?.replicaTemplate;
    if (template === undefined) return;
    await pools.remove(template);
    await registry.update(id, { replicaTemplate: undefined });
  }

  /** Removes one; gone already is fine. */
  async remove({ id, replicaOf }: EnvironmentRecord): Promise<void> {
    await this.#turns.run(replicaOf ?? id, async () => {
      const record = this.#of().registry.find(id);
      if (record !== undefined) await this.#discard(record);
    });
  }

  /** After the daemon was down: those that run answer again, the others are removed. */
  async restore(): Promise<void> {
    const { registry, sessions, log } = this.#of();
    for (const record of registry.list()) {
      if (record.replicaOf === undefined) continue;
      const isSound = sessions.find(record.id) !== undefined && sessions.find(record.replicaOf) !== undefined;
      if (isSound && record.state === 'running') this.join(record);
      else
        await this.#discard(record).catch((error: unknown) =>
          log.warn({ environment: record.name, err: error }, 'a replica could not be removed'),
        );
    }
  }

  /** From now on it takes connections of its environment. */
  join({ id, replicaOf }: EnvironmentRecord): void {
    const { ingress, sessions } = this.#of();
    const slot = sessions.find(id)?.machine.slot;
    if (replicaOf !== undefined && slot !== undefined)
      ingress.join(replicaOf, { id, host: slot.guestReachableAt });
  }

  /** What is shown of them; undefined for an environment that is all by itself. */
  viewOf(record: EnvironmentRecord): ReplicasView | undefined {
    const policy = policyOf(record);
    const replicas = this.of(record.id);
    if (policy === undefined && replicas.length === 0) return undefined;
    const bounds = policy ?? record.scale ?? record.workload.replicas;
    if (bounds === undefined) return undefined;
    const loads = new Map(
      this.#of()
        .ingress.loads(record.id)
        .map((load) => [load.id, load]),
    );
    const machines = [record, ...replicas].map((one) => this.#statusOf(one, loads.get(one.id)));
    return { ...bounds, machines };
  }

  #statusOf({ id, name }: EnvironmentRecord, load: MemberLoad | undefined): ReplicaStatus {
    const runs = this.#of().sessions.find(id) !== undefined && load !== undefined;
    const health = load?.failure === undefined ? 'up' : 'unhealthy';
    return {
      ...{ id, name, connections: load?.connections ?? 0 },
      health: runs ? (load.isDraining ? 'draining' : health) : 'down',
    };
  }

  async #discard(record: EnvironmentRecord): Promise<void> {
    const context = this.#of();
    await context.registry.update(record.id, { state: 'removing' });
    await discard(context, record);
  }
}
