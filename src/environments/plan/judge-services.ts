import type { ComposeProject, ComposeService } from '../../compose/index.ts';
import type { ServiceStatus } from '../../model/index.ts';

/** What the state of a project's containers means for its readiness. */
export type Verdict =
  | { readonly kind: 'ready' }
  | { readonly kind: 'waiting'; readonly waiting: readonly string[] }
  | { readonly kind: 'failed'; readonly service: ServiceStatus; readonly reason: string };

/** A service that was started again by itself so often within moments does not come. */
const MAX_RESTARTS = 10;
/** A service that was started again is believed to stay after this time, in ms. */
const SETTLED_AFTER_MS = 5_000;

/**
 * Ready: every service has its containers, each runs, is healthy and stays, or has completed where it may. One that its restart
 * policy starts again is waited for, until it has ended over and over.
 */
export function judgeServices(
  project: ComposeProject,
  containers: readonly ServiceStatus[],
  nowMs: number,
): Verdict {
  const waiting: string[] = [];
  for (const service of project.services) {
    const { name, replicas } = service;
    const own = containers.filter((container) => container.name === name);
    if (own.length < replicas) waiting.push(`${name}: ${own.length} of ${replicas} containers`);
    for (const container of own) {
      const reason = failureReason(container, service, nowMs);
      if (reason !== undefined) return { kind: 'failed', service: container, reason };
      const wait = waitReason(container, service, nowMs);
      if (wait !== undefined) waiting.push(`${name}: ${wait}`);
    }
  }
  return waiting.length === 0 ? { kind: 'ready' } : { kind: 'waiting', waiting };
}

function failureReason(container: ServiceStatus, service: ComposeService, nowMs: number): string | undefined {
  const { state, exitCode, health, restarts = 0 } = container;
  if (state === 'dead') return 'is dead';
  if (health === 'unhealthy') return 'is unhealthy';
  const code = `exit code ${exitCode ?? 'unknown'}`;
  if (isFresh(container, nowMs) && restarts >= MAX_RESTARTS)
    return `ends over and over: it was started again ${restarts} times`;
  if (state !== 'exited' || startsAgain(container, service)) return undefined;
  if (service.mayComplete && exitCode === 0) return undefined;
  return restarts === 0 ? `ended with ${code}` : `ended with ${code} after ${restarts} restarts`;
}

function waitReason(container: ServiceStatus, service: ComposeService, nowMs: number): string | undefined {
  const { state, health, exitCode, restarts = 0 } = container;
  if (state === 'exited')
    return startsAgain(container, service) ? `ended with exit code ${exitCode ?? 'unknown'}` : undefined;
  if (state !== 'running') return state;
  if (health === 'starting') return 'health check has not passed yet';
  return restarts > 0 && isFresh(container, nowMs) ? `was started again ${restarts} times` : undefined;
}

/** Whether the engine will start a container again that has ended. */
function startsAgain({ exitCode, restarts = 0 }: ServiceStatus, service: ComposeService): boolean {
  const { mayComplete, restartLimit = 0 } = service;
  return restarts < restartLimit && !(mayComplete && exitCode === 0);
}

/** Whether a container has started so lately that it may end as it did before; one without a time has. */
function isFresh({ startedAt, state }: ServiceStatus, nowMs: number): boolean {
  if (state !== 'running' || startedAt === undefined) return state !== 'running';
  return nowMs - Date.parse(startedAt) < SETTLED_AFTER_MS;
}
