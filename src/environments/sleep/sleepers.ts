import { formatDuration, Mutex } from '../../base/index.ts';
import { asBerthError, berthError } from '../../errors/index.ts';
import type { Gate } from '../../ingress/index.ts';
import type { EnvironmentId } from '../../model/index.ts';
import type { Context } from '../context.ts';
import { freezeNow, sleepNow } from './fall.ts';
import { gateOf } from './gate.ts';
import { rouse, thaw } from './rise.ts';

/** How far an environment has come to rest. */
export type Depth = 'frozen' | 'asleep';

const WAKE_TIMEOUT_MS = 60_000;

interface Life {
  /** What brings it to rest or wakes it: one after the other. */
  readonly turn: Mutex;
  waking?: Promise<void> | undefined;
  /** Present while it is being brought to rest; aborted by whoever needs it. */
  falling?: AbortController | undefined;
  /** When something last went through its ports, on the monotonic clock. */
  activeAtMs: number;
  /** How many streams into it are open: terminals, followed logs, Docker clients. */
  uses: number;
}

/** What an environment has been used for lately. */
export interface Usage {
  /** Since something last went through its ports, in ms. */
  readonly idleMs: number;
  readonly uses: number;
}

/** Brings environments to rest and wakes them. */
export class Sleepers {
  readonly #lives = new Map<EnvironmentId, Life>();
  readonly #gates = new Map<EnvironmentId, Gate>();
  /** Of which this is a part. */
  readonly #of: () => Context;

  constructor(context: () => Context) {
    this.#of = context;
  }

  /** Whether it runs, or is no machine that could be woken. */
  isAwake(id: EnvironmentId): boolean {
    if (this.#lives.get(id)?.falling !== undefined) return false;
    const session = this.#of().sessions.find(id);
    if (session !== undefined) return !session.isFrozen;
    return this.#of().registry.find(id)?.asleep === undefined;
  }

  /** Whether it is just being brought to rest, or woken. */
  isTurning(id: EnvironmentId): boolean {
    return this.#lives.get(id)?.turn.busy ?? false;
  }

  usageOf(id: EnvironmentId): Usage {
    const { activeAtMs, uses } = this.#life(id);
    return { idleMs: performance.now() - activeAtMs, uses };
  }

  /** Notes that it is used; whoever needs it to run calls {@link wake}. */
  touch(id: EnvironmentId): void {
    this.#life(id).activeAtMs = performance.now();
  }

  /** Keeps it from coming to rest by itself until the result is disposed of. */
  use(id: EnvironmentId): Disposable {
    const life = this.#life(id);
    life.uses += 1;
    let isOver = false;
    return {
      [Symbol.dispose]: () => {
        if (isOver) return;
        isOver = true;
        life.uses -= 1;
        life.activeAtMs = performance.now();
      },
    };
  }

  /** Lets connections to its ports through, and wakes it for them. */
  gateOf(id: EnvironmentId): Gate {
    const gate = this.#gates.get(id) ?? gateOf(this, id, () => this.#of().registry.find(id)?.workload.idle);
    this.#gates.set(id, gate);
    return gate;
  }

  /** By name or id: sees that it runs if it rests, and that it does not come to rest at once. One that does not rest stays as it is. */
  async awake(ref: string, cause: string): Promise<void> {
    const record = this.#of().registry.find(ref);
    if (record === undefined) return;
    this.touch(record.id);
    await this.wake(record.id, cause);
  }

  /**
   * Wakes it if it rests, and ends an attempt to bring it to rest. All who ask meanwhile wait for the same.
   * @throws what keeps it from running; it goes on resting then
   */
  async wake(id: EnvironmentId, cause: string): Promise<void> {
    if (this.isAwake(id)) return;
    const life = this.#life(id);
    life.falling?.abort(berthError('conflict', `it was woken by ${cause}`));
    life.waking ??= life.turn
      .run(() => this.#wakeNow(id, cause))
      .finally(() => {
        life.waking = undefined;
      });
    await life.waking;
  }

  /**
   * Brings it to rest. Whoever needs it meanwhile goes before. `inHaste`: the host needs its memory now.
   * @throws `not-running` when there is nothing to bring to rest, `conflict` when it was woken meanwhile
   */
  async rest(
    id: EnvironmentId,
    depth: Depth,
    o: { readonly cause: string; readonly signal?: AbortSignal; readonly inHaste?: boolean },
  ): Promise<void> {
    const life = this.#life(id);
    await life.turn.run(async () => {
      const falling = new AbortController();
      life.falling = falling;
      const signal = o.signal === undefined ? falling.signal : AbortSignal.any([falling.signal, o.signal]);
      try {
        await this.#restNow(id, depth, { cause: o.cause, signal, inHaste: o.inHaste ?? false });
      } finally {
        life.falling = undefined;
      }
    });
  }

  /** Runs `work` while it is neither brought to rest nor woken: who wants to wake it waits. */
  whileSteady<T>(id: EnvironmentId, work: () => Promise<T>): Promise<T> {
    return this.#life(id).turn.run(work);
  }

  /** What is known of one that is gone is forgotten. */
  forget(id: EnvironmentId): void {
    this.#lives.delete(id);
    this.#gates.delete(id);
  }

  async #restNow(
    id: EnvironmentId,
    depth: Depth,
    o: { readonly cause: string; readonly signal: AbortSignal; readonly inHaste: boolean },
  ): Promise<void> {
    const context = this.#of();
    const record = context.registry.get(id);
    const session = context.sessions.find(id);
    if (record.state === depth) return;
    if (session === undefined || (record.state !== 'running' && record.state !== 'frozen'))
      throw berthError('not-running', `environment "${record.name}" is ${record.state}`, {
        remedy: 'Only one that runs can be brought to rest.',
      });
    o.signal.throwIfAborted();
    if (depth === 'frozen') await freezeNow(context, record, session, o.cause);
    else await sleepNow(context, record, session, o);
  }

  async #wakeNow(id: EnvironmentId, cause: string): Promise<void> {
    const context = this.#of();
    const record = context.registry.get(id);
    const session = context.sessions.find(id);
    const beganMs = performance.now();
    const depth = session === undefined ? 'asleep' : 'frozen';
    if (session === undefined ? record.asleep === undefined : !session.isFrozen) return;
    try {
      if (session === undefined) await rouse(context, record, AbortSignal.timeout(WAKE_TIMEOUT_MS));
      else await thaw(context, record, session);
    } catch (error) {
      const { message } = asBerthError(error);
      context.events.append('environment.wake-failed', record.name, message);
      throw error;
    }
    this.touch(id);
    const took = formatDuration(performance.now() - beganMs);
    context.events.append('environment.woken', record.name, `it was ${depth}; ${cause}; in ${took}`);
  }

  #life(id: EnvironmentId): Life {
    const known = this.#lives.get(id);
    if (known !== undefined) return known;
    const life: Life = { turn: new Mutex(), activeAtMs: performance.now(), uses: 0 };
    this.#lives.set(id, life);
    return life;
  }
}
