import type { ComposeProject } from '../../compose/index.ts';
import type { ServiceStatus } from '../../model/index.ts';

/** What the state of a project's containers means for its readiness. */
export type Verdict =
  | { readonly kind: 'ready' }
  | { readonly kind: 'waiting'; readonly waiting: readonly string[] }
  | { readonly kind: 'failed'; readonly service: ServiceStatus; readonly reason: string };

/** Ready: every service has its containers, each runs and is healthy, or has completed where it may. */
export function judgeServices(project: ComposeProject, containers: readonly ServiceStatus[]): Verdict {
  const waiting: string[] = [];
  for (const { name, replicas, mayComplete } of project.services) {
    const own = containers.filter((container) => container.name === name);
    if (own.length < replicas) waiting.push(`${name}: ${own.length} of ${replicas} containers`);
    for (const container of own) {
      const reason = failureReason(container, mayComplete);
      if (reason !== undefined) return { kind: 'failed', service: container, reason };
      const wait = waitReason(container);
      if (wait !== undefined) waiting.push(`${name}: ${wait}`);
    }
  }
  return waiting.length === 0 ? { kind: 'ready' } : { kind: 'waiting', waiting };
}

function failureReason({ state, exitCode, health }: ServiceStatus, mayComplete: boolean): string | undefined {
  if (state === 'dead') return 'is dead';
  if (health === 'unhealthy') return 'is unhealthy';
  if (state !== 'exited') return undefined;
  if (mayComplete && exitCode === 0) return undefined;
  return `ended with exit code ${exitCode ?? 'unknown'}`;
}

function waitReason({ state, health }: ServiceStatus): string | undefined {
  if (state === 'exited') return undefined;
  if (state !== 'running') return state;
  return health === 'starting' ? 'health check has not passed yet' : undefined;
}
