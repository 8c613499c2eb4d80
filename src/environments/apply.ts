import { isAbsolute, join } from 'node:path';
import { type ComposeProject, parseCompose, renderForGuest } from '../compose/index.ts';
import { berthError } from '../errors/index.ts';
import { composeUp } from '../guest/index.ts';
import { openForReading } from '../host/index.ts';
import type { PublishedPort, ServiceStatus } from '../model/index.ts';
import type { OperationContext } from '../operations/index.ts';
import type { Context } from './context.ts';
import { replacePorts, waitForPorts } from './ports.ts';
import { waitForServices } from './services.ts';
import type { EnvironmentRecord, Workload } from './record.ts';

const COMPOSE_TIMEOUT_MS = 600_000;
const READY_TIMEOUT_MS = 300_000;
const LOAD_TIMEOUT_MS = 600_000;
const FLUSH_TIMEOUT_MS = 120_000;
/** Where projects lie in the guest. */
const GUEST_PROJECTS = '/var/lib/berth/projects';

/** Absolute paths of the container image archives that a file names. */
export function archivePaths(project: ComposeProject, workload: Workload): string[] {
  return project.berth.images.map((path) =>
    isAbsolute(path) ? path : join(workload.projectDirectory, path),
  );
}

/**
 * Makes a running machine run the file: loads its image archives, lets Compose do its work, waits until all is ready, opens
 * the ports. `before` are the ports that were open.
 */
export async function applyWorkload(
  context: Context,
  record: EnvironmentRecord,
  project: ComposeProject,
  operation: OperationContext,
  before: readonly PublishedPort[] = [],
): Promise<void> {
  await context.ingress.check(record.ports, record.id);
  await loadImages(context, record, project, operation);
  await operation.step('compose', 'start the containers', (step) =>
    composeUp(context.sessions.shell(record), {
      project: record.workload.project,
      directory: `${GUEST_PROJECTS}/${record.workload.project}`,
      file: renderForGuest(record.workload.compose, { variables: record.workload.variables }),
      env: record.workload.variables,
      timeoutMs: COMPOSE_TIMEOUT_MS,
      signal: operation.signal,
      onLine: (line) => step.detail(line),
    }),
  );
  await Promise.all([
    becomeReady(context, record, project, operation, before),
    flushDisk(context, record, operation.signal),
  ]);
}

/** What `up` has acknowledged outlives the guest: its kernel would keep images and containers in memory for up to half a minute. */
async function flushDisk(context: Context, record: EnvironmentRecord, signal: AbortSignal): Promise<void> {
  try {
    await context.sessions.shell(record).exec(['sync'], { timeoutMs: FLUSH_TIMEOUT_MS, signal });
  } catch (error) {
    context.log.warn({ environment: record.name, err: error }, 'the guest did not write its disk');
  }
}

/** Waits until services and ports are ready, opens the ports and says so. */
export async function becomeReady(
  context: Context,
  record: EnvironmentRecord,
  project: ComposeProject,
  operation: OperationContext,
  before: readonly PublishedPort[],
): Promise<void> {
  const { signal } = operation;
  const services = await operation.step('ready', 'wait until every service is ready', async (step) => {
    const ready = await waitForServices(context, record, project, {
      timeoutMs: READY_TIMEOUT_MS,
      signal,
      onChange: (detail) => step.detail(detail),
    });
    await waitForPorts(context, record, { timeoutMs: READY_TIMEOUT_MS, signal });
    return ready;
  });
  await operation.step('publish', 'open the ports', () => replacePorts(context, record, before));
  await markReady(context, record, services);
}

async function markReady(
  context: Context,
  record: EnvironmentRecord,
  services: readonly ServiceStatus[],
): Promise<void> {
  await context.registry.update(record.id, {
    state: 'running',
    reason: undefined,
    services,
    readyAt: new Date().toISOString(),
    operation: undefined,
  });
  context.events.append('environment.ready', record.name, 'every service is ready');
}

async function loadImages(
  context: Context,
  record: EnvironmentRecord,
  project: ComposeProject,
  operation: OperationContext,
): Promise<void> {
  const archives = archivePaths(project, record.workload);
  if (archives.length === 0) return;
  await operation.step('images', 'load container images', async (step) => {
    const engine = context.sessions.engine(record);
    const present = new Set((await engine.images({ signal: operation.signal })).flatMap(({ tags }) => tags));
    const wanted = project.services.flatMap(({ image }) => (image === undefined ? [] : [image]));
    if (
      wanted.length > 0 &&
      wanted.every(
        (image) =>
          present.has(image) || present.has(`localhost/${image}`) || present.has(`docker.io/${image}`),
      )
    ) {
      step.detail('they are there already');
      return;
    }
    for (const path of archives) {
      step.detail(path);
      await engine.loadImage(openForReading(path), { timeoutMs: LOAD_TIMEOUT_MS, signal: operation.signal });
    }
  });
}

/** The project of a record, read again from its own text. */
export function projectOf(record: EnvironmentRecord): ComposeProject {
  const { project } = parseCompose(record.workload.compose, { variables: record.workload.variables });
  if (project === undefined)
    throw berthError('compose-invalid', `the Compose file of "${record.name}" cannot be read any more`);
  return project;
}
