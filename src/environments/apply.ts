import { isAbsolute, join } from 'node:path';
import { type ComposeProject, renderForGuest } from '../compose/index.ts';
import { composeBuild, composeUp } from '../guest/index.ts';
import { crashPoint, openForReading } from '../host/index.ts';
import type { OperationId, PublishedPort, ServiceStatus } from '../model/index.ts';
import type { OperationContext } from '../operations/index.ts';
import { composePlace } from './compose-place.ts';
import type { RegistryCredential } from '../registries/index.ts';
import type { Context } from './context.ts';
import { throughRestarts } from './guest-return.ts';
import { openCaches, pullImages } from './pull-images.ts';
import { replacePorts, waitForPorts } from './ports.ts';
import { noteServices } from './note-services.ts';
import { waitForServices } from './services.ts';
import type { EnvironmentRecord, Workload } from './record.ts';
import { measureStorage } from './storage.ts';

const COMPOSE_TIMEOUT_MS = 600_000;
const READY_TIMEOUT_MS = 300_000;
const LOAD_TIMEOUT_MS = 600_000;
const FLUSH_TIMEOUT_MS = 120_000;
const BUILD_TIMEOUT_MS = 1_800_000;

/** How a project is applied. */
export interface ApplyOptions {
  /** Ports that were open. */
  readonly before?: readonly PublishedPort[];
  /** Those that the user has brought for registries that the file names. */
  readonly credentials?: readonly RegistryCredential[];
  /** Build images that are there already, too. */
  readonly build?: boolean;
}

/** Absolute paths of the container image archives that a file names. */
export function archivePaths(project: ComposeProject, workload: Workload): string[] {
  return project.berth.images.map((path) =>
    isAbsolute(path) ? path : join(workload.projectDirectory, path),
  );
}

/**
 * Makes a running machine run the file: loads its image archives, pulls and builds what is missing, lets Compose do its work,
 * waits until all is ready, opens the ports. A guest that restarts by itself meanwhile is waited for.
 */
export function applyWorkload(
  context: Context,
  record: EnvironmentRecord,
  project: ComposeProject,
  operation: OperationContext,
  o: ApplyOptions = {},
): Promise<void> {
  return throughRestarts(context, record, operation, (now, current) =>
    applyOnce(context, now, project, current, o),
  );
}

async function applyOnce(
  context: Context,
  record: EnvironmentRecord,
  project: ComposeProject,
  operation: OperationContext,
  o: ApplyOptions,
): Promise<void> {
  await context.ingress.check(record.ports, record.id);
  await Promise.all([
    loadImages(context, record, project, operation),
    openCaches(context, record, o.credentials ?? [], operation.signal),
  ]);
  await pullImages(context, record, project, operation);
  const { compose, variables } = record.workload;
  const request = {
    ...composePlace(record),
    file: renderForGuest(compose, { variables }),
    env: variables,
    signal: operation.signal,
  };
  const shell = context.sessions.shell(record);
  const services = await servicesToBuild(context, record, project, o.build ?? false, operation.signal);
  if (services.length > 0) {
    await operation.step('build', `build ${services.join(', ')}`, (step) => {
      const onLine = (line: string) => step.detail(line);
      return composeBuild(shell, { ...request, services, timeoutMs: BUILD_TIMEOUT_MS, onLine });
    });
  }
  await operation.step('compose', 'start the containers', (step) => {
    const onLine = (line: string) => step.detail(line);
    return composeUp(shell, { ...request, timeoutMs: COMPOSE_TIMEOUT_MS, onLine });
  });
  crashPoint('apply.composed');
  await Promise.all([
    becomeReady(context, record, project, operation, o.before ?? []),
    // It is awake, and what was loaded into it may have filled it.
    flushDisk(context, record, operation.signal).then(() => measureStorage(context, record.id)),
  ]);
}

/** What `up` has acknowledged outlives the guest: its kernel would keep images and containers in memory for up to half a minute. */
export async function flushDisk(
  context: Context,
  record: EnvironmentRecord,
  signal: AbortSignal,
): Promise<void> {
  try {
    await context.sessions.shell(record).exec(['sync'], { timeoutMs: FLUSH_TIMEOUT_MS, signal });
  } catch (error) {
    context.log.warn({ environment: record.name, err: error }, 'the guest did not write its disk');
  }
}

/** Services whose image is built: it is not there, the file says `pull_policy: build`, or `force`. */
async function servicesToBuild(
  context: Context,
  record: EnvironmentRecord,
  project: ComposeProject,
  force: boolean,
  signal: AbortSignal,
): Promise<string[]> {
  const built = project.services.filter(({ build }) => build);
  if (built.length === 0) return [];
  const present = await presentImages(context, record, signal);
  return built
    .filter(({ name, image = `${record.workload.project}-${name}`, pullPolicy }) => {
      if (force || pullPolicy === 'build') return true;
      return pullPolicy !== 'always' && !isPresent(present, image);
    })
    .map(({ name }) => name);
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
    await waitForPorts(context, record, {
      timeoutMs: READY_TIMEOUT_MS,
      signal,
      onChange: (detail) => step.detail(detail),
    });
    return ready;
  });
  await operation.step('publish', 'open the ports', () => replacePorts(context, record, before));
  await markReady(context, record, services, operation.id);
}

async function markReady(
  context: Context,
  record: EnvironmentRecord,
  services: readonly ServiceStatus[],
  readyBy: OperationId,
): Promise<void> {
  await noteServices(context, record.id, services, {
    state: 'running',
    reason: undefined,
    readyAt: new Date().toISOString(),
    readyBy,
    returning: undefined,
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
    const present = await presentImages(context, record, operation.signal);
    const wanted = project.services.flatMap(({ image }) => (image === undefined ? [] : [image]));
    if (wanted.length > 0 && wanted.every((image) => isPresent(present, image))) {
      step.detail('they are there already');
      return;
    }
    const engine = context.sessions.engine(record);
    for (const path of archives) {
      step.detail(path);
      await engine.loadImage(openForReading(path), { timeoutMs: LOAD_TIMEOUT_MS, signal: operation.signal });
    }
  });
}

async function presentImages(
  context: Context,
  record: EnvironmentRecord,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const images = await context.sessions.engine(record).images({ signal });
  return new Set(images.flatMap(({ tags }) => tags));
}

/** As Compose names it; the engine knows it with the registry before it and the tag behind it. */
function isPresent(present: ReadonlySet<string>, image: string): boolean {
  const tagged = /[:@][^/]*$/.test(image) ? image : `${image}:latest`;
  return ['', 'localhost/', 'docker.io/', 'docker.io/library/'].some((prefix) =>
    present.has(prefix + tagged),
  );
}
