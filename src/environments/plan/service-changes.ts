import type { ServiceStatus } from '../../model/index.ts';

/** Something that happened to a container of a service. */
export interface ServiceChange {
  /** Kind of the event that tells of it. */
  readonly kind: 'service.started' | 'service.ended' | 'service.health' | 'service.removed';
  readonly message: string;
}

/** What happened between two looks at the containers of an environment. */
export function serviceChanges(
  before: readonly ServiceStatus[],
  after: readonly ServiceStatus[],
): ServiceChange[] {
  const known = new Map(before.map((one) => [one.container, one]));
  const there = new Set(after.map(({ container }) => container));
  const gone = before.filter(({ container }) => !there.has(container));
  return [
    ...gone.map(({ container }) => ({
      kind: 'service.removed' as const,
      message: `${container} was removed`,
    })),
    ...after.flatMap((one) => changesOf(known.get(one.container), one)),
  ];
}

function changesOf(before: ServiceStatus | undefined, after: ServiceStatus): ServiceChange[] {
  const changes: ServiceChange[] = [];
  const { container, state, health, restarts = 0 } = after;
  const again = restarts > (before?.restarts ?? 0);
  if (state === 'running' && (again || after.startedAt !== before?.startedAt)) {
    const message = again
      ? `${container} was started again, for the ${ordinal(restarts)} time`
      : `${container} runs`;
    changes.push({ kind: 'service.started', message });
  }
  const endedAgain =
    state === 'exited' && (before?.state !== 'exited' || after.startedAt !== before.startedAt);
  if (endedAgain) changes.push({ kind: 'service.ended', message: endOf(after) });
  if (state === 'running' && health !== undefined && health !== before?.health && health !== 'starting')
    changes.push({ kind: 'service.health', message: `${container} is ${health}` });
  return changes;
}

function endOf({ container, exitCode }: ServiceStatus): string {
  return `${container} ended with exit code ${exitCode ?? 'unknown'}`;
}

function ordinal(count: number): string {
  const last = count % 10;
  const teens = count % 100 >= 11 && count % 100 <= 13;
  const ending = teens ? 'th' : last === 1 ? 'st' : last === 2 ? 'nd' : last === 3 ? 'rd' : 'th';
  return `${count}${ending}`;
}
