import type { ReplicaPolicy } from '../../model/index.ts';

/** What is known of an environment's machines at one moment. */
export interface ScaleFacts {
  readonly policy: ReplicaPolicy;
  /** How many there are, its own among them. */
  readonly machines: number;
  /** Open connections of all. */
  readonly connections: number;
  /** Cores that all use together; undefined while they have not been watched for long enough. */
  readonly cores?: number | undefined;
  /** How long answers took on average; undefined when nobody asked. */
  readonly answerMs?: number | undefined;
  /** Nobody has used it for as long as its idle policy wants. */
  readonly isIdle: boolean;
  /** On a clock that only goes forward. */
  readonly nowMs: number;
}

/** What is remembered from one look to the next. */
export interface ScaleMemory {
  readonly changedAtMs: number;
  /** Since when fewer machines would do. */
  readonly fewerSinceMs?: number;
}

/** How long the last change is waited for to show. */
const SETTLE_MS = 2_000;
/** Fewer machines must do with this much to spare, so that what was removed is not added again at once. */
const SPARE = 1.25;

/** How many machines there are to be: one more soon, one less when that has been enough for a while; within the bounds at once. */
export function decideScale(
  facts: ScaleFacts,
  before: ScaleMemory,
): { readonly wanted: number; readonly memory: ScaleMemory } {
  const { policy, machines, nowMs } = facts;
  const least = Math.max(1, policy.min);
  const changed = (wanted: number) => ({
    wanted,
    memory: wanted === machines ? before : { changedAtMs: nowMs },
  });
  if (machines < least) return changed(least);
  if (machines > policy.max) return changed(policy.max);
  if (facts.isIdle) return changed(least);
  const stays = { wanted: machines, memory: { changedAtMs: before.changedAtMs } };
  if (nowMs - before.changedAtMs < SETTLE_MS) return stays;
  if (neededFor(facts, 1) > machines) return changed(Math.min(machines + 1, policy.max));
  if (machines === least || neededFor(facts, SPARE) >= machines) return stays;
  const fewerSinceMs = before.fewerSinceMs ?? nowMs;
  if (nowMs - fewerSinceMs >= policy.coolDownMs) return changed(machines - 1);
  return { wanted: machines, memory: { ...stays.memory, fewerSinceMs } };
}

function neededFor({ policy, machines, connections, cores, answerMs }: ScaleFacts, factor: number): number {
  const load = {
    connections,
    // Not known yet: neither more nor fewer.
    cpu: cores === undefined ? (machines * policy.value) / factor : cores * 100,
    latency: (answerMs ?? 0) * machines,
  }[policy.target];
  return Math.ceil((load * factor) / policy.value);
}
