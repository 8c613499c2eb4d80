import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import { berthError } from '../errors/index.ts';
import type { UpRequest } from '../contract/index.ts';
import { type ComposeProblem, type ComposeProject, parseCompose } from '../compose/index.ts';
import { diskSpace, exists, hostMemory } from '../host/index.ts';
import type { BuiltImage } from '../images/index.ts';
import { isName, type Operation, type Shape, type TemplateId } from '../model/index.ts';
import type { OperationContext } from '../operations/index.ts';
import { checkFits } from '../placement/index.ts';
import { applyWorkload, archivePaths } from './apply.ts';
import { collectTemplates } from './collect-templates.ts';
import type { Context } from './context.ts';
import { openEndpoint } from './endpoint.ts';
import { discard } from './fork.ts';
import { bootMachine } from './lifecycle.ts';
import { renewIdentity } from './machine-life.ts';
import { planPorts } from './plan/ports.ts';
import { resolveShape } from './plan/resolve-shape.ts';
import type { EnvironmentRecord, Workload } from './record.ts';
import { assertUnclaimed } from './registry.ts';
import { takeOver } from './take-over.ts';

const DEFAULT_IMAGE = 'debian-13';

/** A request that has been found right, with all that follows from it. */
interface Wish {
  readonly name: string;
  readonly project: ComposeProject;
  /** What is done otherwise than the file may suggest. */
  readonly warnings: readonly ComposeProblem[];
  readonly workload: Workload;
  readonly shape: Shape;
  readonly imageRef: string;
}

/**
 * Checks a request completely, records the operation and begins it.
 * @throws `compose-invalid`, `compose-unsupported`, `name-invalid`, `image-unknown`, `memory-exceeded`, `port-in-use`, `conflict`, …
 */
export async function startUp(
  context: Context,
  request: UpRequest,
  o: { readonly idempotencyKey?: string },
): Promise<Operation> {
  const wish = readRequest(request);
  await context.hypervisor.version();
  const known = context.registry.find(wish.name);
  if (known !== undefined) assertUnclaimed(known);
  if (known?.state === 'failed' || (known !== undefined && known.disk === undefined)) {
    throw berthError(
      'name-taken',
      `environment "${wish.name}" has failed before: ${known.reason ?? 'it was not finished'}`,
      {
        remedy: `Remove it with \`./berth rm ${wish.name}\` and repeat the command.`,
      },
    );
  }
  await assertImageKnown(context, wish.imageRef);
  await assertArchives(wish);
  if (known === undefined) await assertFits(context, wish.shape);
  const address = known?.address ?? context.registry.nextAddress();
  const { ports, problems } = planPorts(wish.project, wish.workload.publish, address);
  if (problems.length > 0) throw berthError('bad-request', 'a port cannot be published', { problems });
  await context.ingress.check(ports, known?.id);
  const work = async (operation: OperationContext) => {
    for (const { line, message } of wish.warnings) {
      await operation.step('note', `note: line ${line ?? '?'}: ${message}`, async () => undefined);
    }
    return known === undefined
      ? createEnvironment(context, wish, operation)
      : updateEnvironment(context, known, wish, operation);
  };
  return context.operations.start('up', [wish.name], { name: wish.name }, work, o);
}

function readRequest(request: UpRequest): Wish {
  const { project, problems, warnings } = parseCompose(request.compose, { variables: request.variables });
  if (project === undefined) {
    const unsupported = problems.every(({ kind }) => kind === 'unsupported');
    const file = request.composePath ?? 'the Compose file';
    const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
    throw berthError(unsupported ? 'compose-unsupported' : 'compose-invalid', `${file} has ${count}`, {
      problems: problems.map(({ kind: _kind, ...problem }) => problem),
    });
  }
  const name = request.name ?? project.name ?? toName(basename(request.projectDirectory));
  if (!isName(name)) {
    throw berthError('name-invalid', `"${name}" cannot be the name of an environment`, {
      problems: [{ path: 'name', message: 'lower-case letters, digits and hyphens, at most 40' }],
    });
  }
  const workload: Workload = {
    compose: request.compose,
    ...(request.composePath === undefined ? {} : { composePath: request.composePath }),
    projectDirectory: request.projectDirectory,
    variables: request.variables,
    project: name,
    publish: request.publish ?? [],
  };
  return {
    name,
    project,
    warnings,
    workload,
    shape: resolveShape(request.shape, project),
    imageRef: request.image ?? project.berth.image ?? DEFAULT_IMAGE,
  };
}

function toName(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 40);
}

async function assertImageKnown(context: Context, ref: string): Promise<void> {
  if ((await context.images.get(ref)) !== undefined) return;
  const recipes = await context.images.recipes();
  if (recipes.includes(ref)) return;
  throw berthError(
    'image-unknown',
    `there is no image "${ref}" and no recipe of that name; recipes: ${recipes.join(', ')}`,
  );
}

async function assertArchives(wish: Wish): Promise<void> {
  const problems = [];
  for (const [index, path] of archivePaths(wish.project, wish.workload).entries()) {
    if (!(await exists(path)))
      problems.push({ path: `x-berth.images[${index}]`, message: `there is no file ${path}` });
  }
  if (problems.length > 0)
    throw berthError('compose-invalid', 'a container image archive is missing', { problems });
}

async function assertFits(context: Context, shape: Shape): Promise<void> {
  const [memory, disk] = await Promise.all([hostMemory(), diskSpace(context.home)]);
  const problems = checkFits(shape, {
    cpus: availableParallelism(),
    memoryTotalBytes: memory.totalBytes,
    memoryAvailableBytes: memory.availableBytes,
    diskFreeBytes: disk.freeBytes,
  });
  if (problems.length > 0)
    throw berthError(
      problems.every(({ path }) => path === 'disk') ? 'disk-full' : 'memory-exceeded',
      `the machine does not fit on this host: ${problems[0]?.message ?? ''}`,
      { problems },
    );
}

async function createEnvironment(
  context: Context,
  wish: Wish,
  operation: OperationContext,
): Promise<{ names: string[] }> {
  const { signal } = operation;
  const image = await ensureImage(context, wish.imageRef, operation);
  const template = await operation.step('template', 'prepare a warm guest to start from', (step) =>
    context.baseTemplates.ensure(image, wish.shape, { signal, onProgress: (detail) => step.detail(detail) }),
  );
  const boot = await context.baseTemplates.bootOf(image, wish.shape);
  const record = await addRecord(context, wish, { image: image.id, template: template.id, boot }, operation);
  try {
    await openEndpoint(context, record);
    const started = await operation.step('machine', 'start the machine', async () => {
      const disk = await context.machines.cloneDisk(context.machines.directoryOf(record.id), template);
      await context.registry.update(record.id, { disk });
      const machine = await context.machines.restore(record.id, boot, disk, template, { signal });
      const known = await takeOver(context, { ...record, disk }, machine);
      return renewIdentity(context, known, machine, signal);
    });
    await applyWorkload(context, started, wish.project, operation);
  } catch (error) {
    await settleFailure(context, record.id, error, signal.aborted);
    throw error;
  }
  // A base template that had to be made again has taken the place of another.
  await collectTemplates(context);
  return { names: [wish.name] };
}

async function ensureImage(context: Context, ref: string, operation: OperationContext): Promise<BuiltImage> {
  const known = await context.images.get(ref);
  if (known !== undefined) return known;
  return operation.step('image', `build the guest image ${ref}`, (step) =>
    context.images.build(ref, {
      signal: operation.signal,
      onStep: (title, detail) => step.detail(detail === undefined ? title : `${title}: ${detail}`),
    }),
  );
}

async function addRecord(
  context: Context,
  wish: Wish,
  from: Pick<EnvironmentRecord, 'image' | 'boot'> & { readonly template: TemplateId },
  operation: OperationContext,
): Promise<EnvironmentRecord> {
  const draft = {
    ...from,
    name: wish.name,
    state: 'creating',
    shape: wish.shape,
    ports: (address: string) => planPorts(wish.project, wish.workload.publish, address).ports,
    services: [],
    workload: wish.workload,
    operation: operation.id,
  } as const;
  const [record] = await context.registry.create([draft]);
  if (record === undefined) throw berthError('internal', 'no environment was recorded');
  return record;
}

/** Applies a changed file to an environment that is there; one that does not run is started first. */
async function updateEnvironment(
  context: Context,
  known: EnvironmentRecord,
  wish: Wish,
  operation: OperationContext,
): Promise<{ names: string[] }> {
  const record = await context.registry.claim(known.id, operation.id);
  try {
    const { ports } = planPorts(wish.project, wish.workload.publish, record.address);
    // The project keeps its first name: a fork's containers carry that of its parent.
    const workload = { ...wish.workload, project: record.workload.project };
    if (context.sessions.find(record.id) === undefined) await bootMachine(context, record, operation);
    const before = context.registry.get(record.id).ports;
    const updated = await context.registry.update(record.id, { workload, ports });
    await applyWorkload(context, updated ?? record, wish.project, operation, before);
  } catch (error) {
    await settleFailure(context, record.id, error, false);
    throw error;
  }
  return { names: [wish.name] };
}

/**
 * What is left of an environment whose `up` failed: nothing when it had no machine yet or was cancelled;
 * otherwise its machine runs on, so that logs and a shell can tell why.
 */
async function settleFailure(
  context: Context,
  id: EnvironmentRecord['id'],
  error: unknown,
  cancelled: boolean,
): Promise<void> {
  const record = context.registry.find(id);
  if (record === undefined) return;
  const reason = error instanceof Error ? error.message : String(error);
  const runs = context.sessions.find(id) !== undefined;
  if (record.state === 'creating' && (cancelled || !runs)) await discard(context, record);
  else
    await context.registry.update(id, { state: runs ? 'degraded' : 'stopped', reason, operation: undefined });
}
