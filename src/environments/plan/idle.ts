import type { IdlePolicy, WeekTime } from '../../model/index.ts';

/** What is known of an environment that might come to rest. */
export interface IdleFacts {
  readonly policy: IdlePolicy | undefined;
  readonly depth: 'awake' | 'frozen';
  /** How long nothing has gone through its ports, in ms; or since it was frozen. */
  readonly idleMs: number;
  /** Share of one core that its guest has used over as long as it must be idle; undefined while it has not been watched for so long. */
  readonly cpuShare?: number | undefined;
  readonly now: Date;
}

/** What the host lacks. */
export interface HostStress {
  readonly memory: boolean;
  readonly cpu: boolean;
}

/** A guest that uses more than this of one core is at work. Health checks and the engine's housekeeping stay below. */
const BUSY_SHARE = 0.25;
/** Under pressure the idle need not have been so for long. */
const STRESSED_AFTER_MS = 3_000;

/** What an environment's own policy says: whatever the host's state. */
export function restByPolicy(facts: IdleFacts): 'stay' | 'freeze' | 'sleep' {
  const { policy, depth, idleMs } = facts;
  if (policy === undefined || isWithin(policy.awake, facts.now)) return 'stay';
  if (depth === 'frozen')
    return policy.sleepAfterMs !== undefined && idleMs >= policy.sleepAfterMs ? 'sleep' : 'stay';
  return idleMs >= policy.afterMs && isQuiet(facts) ? policy.rest : 'stay';
}

/**
 * What it may do for a host under pressure. Only those that come to rest anyhow are asked: who has no policy and was not frozen
 * stays as it is.
 */
export function restUnderStress(facts: IdleFacts, stress: HostStress): 'stay' | 'freeze' | 'sleep' {
  const { policy, depth, idleMs } = facts;
  if (depth === 'frozen') return stress.memory ? 'sleep' : 'stay';
  if (policy === undefined || idleMs < Math.min(policy.afterMs, STRESSED_AFTER_MS)) return 'stay';
  if (isWithin(policy.awake, facts.now) || !isQuiet(facts)) return 'stay';
  return stress.memory ? 'sleep' : stress.cpu ? 'freeze' : 'stay';
}

function isQuiet({ cpuShare }: IdleFacts): boolean {
  return cpuShare !== undefined && cpuShare < BUSY_SHARE;
}

/** Whether a moment lies within one of the times. */
export function isWithin(times: readonly WeekTime[], now: Date): boolean {
  const minute = now.getHours() * 60 + now.getMinutes();
  const today = now.getDay();
  const yesterday = (today + 6) % 7;
  return times.some(({ days, from, to }) =>
    from < to
      ? days.includes(today) && minute >= from && minute < to
      : (days.includes(today) && minute >= from) || (days.includes(yesterday) && minute < to),
  );
}
