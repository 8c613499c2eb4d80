import type { EnvironmentId } from './ids.ts';

/** What decides how many machines an environment needs. */
export type ScaleTarget = 'connections' | 'cpu' | 'latency';

/** How many machines answer at the ports of an environment, its own among them. */
export interface ReplicaPolicy {
  /** 0: its own comes to rest as its idle policy says. */
  readonly min: number;
  /** As `min` where the number does not follow the load. */
  readonly max: number;
  readonly target: ScaleTarget;
  /** What each machine is to have at most: open connections, percent of one core, or ms until it answers. */
  readonly value: number;
  /** How long fewer must have been enough before one is removed, in ms. */
  readonly coolDownMs: number;
  /** How long connections of a machine that is to be removed may go on, in ms. */
  readonly drainMs: number;
}

/** What each machine is to have at most where nothing else is said. */
export const DEFAULT_SCALE_VALUES: Readonly<Record<ScaleTarget, number>> = {
  connections: 20,
  cpu: 70,
  latency: 500,
};
export const DEFAULT_COOL_DOWN_MS = 60_000;
export const DEFAULT_DRAIN_MS = 30_000;
export const MAX_REPLICAS = 64;

/** How one machine that answers at an environment's ports is doing. */
export interface ReplicaStatus {
  readonly id: EnvironmentId;
  readonly name: string;
  /** `up`: it takes connections; `unhealthy`: it took none lately; `draining`: it gets no new ones; `down`: it does not run. */
  readonly health: 'up' | 'unhealthy' | 'draining' | 'down';
  /** Open TCP connections and UDP sessions. */
  readonly connections: number;
}

/** What is said of an environment with more machines than its own, or a number that follows the load. */
export interface Replicas extends ReplicaPolicy {
  /** Its own first. */
  readonly machines: readonly ReplicaStatus[];
}
