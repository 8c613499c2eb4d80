import { poll } from '../base/index.ts';
import type { ComposeProject } from '../compose/index.ts';
import { berthError } from '../errors/index.ts';
import type { EngineContainer } from '../guest/index.ts';
import type { ServiceStatus } from '../model/index.ts';
import type { Context } from './context.ts';
import { noteServices } from './note-services.ts';
import { judgeServices } from './plan/judge-services.ts';
import type { EnvironmentRecord } from './record.ts';

const POLL_INTERVAL_MS = 500;
const LOG_LINES = 10;
const QUERY_TIMEOUT_MS = 30_000;

/** Asks the engine for the project's containers. */
export async function readServices(
  context: Context,
  record: EnvironmentRecord,
  signal: AbortSignal,
): Promise<ServiceStatus[]> {
  const engine = context.sessions.engine(record);
  const containers = await engine.containers(record.workload.project, {
    timeoutMs: QUERY_TIMEOUT_MS,
    signal,
  });
  return containers.map(statusOf);
}

function statusOf({
  service,
  name,
  image,
  state,
  health,
  exitCode,
  startedAt,
  restarts,
}: EngineContainer): ServiceStatus {
  return {
    ...{ name: service, container: name, image, state },
    ...(health === undefined ? {} : { health }),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(restarts === 0 ? {} : { restarts }),
    ...(startedAt === undefined ? {} : { startedAt }),
  };
}

/**
 * Waits until every service runs, is healthy where it has a health check, or has completed where it may.
 * @throws `service-failed` at once when one cannot become ready any more, with its last lines
 */
export async function waitForServices(
  context: Context,
  record: EnvironmentRecord,
  project: ComposeProject,
  o: {
    readonly timeoutMs: number;
    readonly signal: AbortSignal;
    readonly onChange: (detail: string) => void;
  },
): Promise<readonly ServiceStatus[]> {
  return poll(
    async () => {
      const services = await readServices(context, record, o.signal);
      const verdict = judgeServices(project, services, Date.now());
      if (verdict.kind === 'ready') return services;
      if (verdict.kind === 'failed') {
        await noteServices(context, record.id, services);
        throw await failureOf(context, record, verdict.service, verdict.reason, o.signal);
      }
      o.onChange(verdict.waiting.join(', '));
      return undefined;
    },
    {
      timeoutMs: o.timeoutMs,
      intervalMs: POLL_INTERVAL_MS,
      signal: o.signal,
      what: `the services of ${record.name}`,
    },
  );
}

async function failureOf(
  context: Context,
  record: EnvironmentRecord,
  service: ServiceStatus,
  reason: string,
  signal: AbortSignal,
): Promise<Error> {
  const lines: string[] = [];
  try {
    const engine = context.sessions.engine(record);
    for await (const { line } of engine.logs(service.container, {
      follow: false,
      tail: LOG_LINES,
      timestamps: false,
      signal,
    }))
      lines.push(line);
  } catch {
    // The reason stands without its log, too.
  }
  const log = lines.length === 0 ? '' : `; its last lines:\n${lines.map((line) => `  ${line}`).join('\n')}`;
  return berthError('service-failed', `service "${service.name}" ${reason}${log}`, {
    remedy: `See more with \`./berth logs ${record.name} ${service.name}\`; correct the file and repeat \`./berth up\`.`,
  });
}
