import { availableParallelism } from 'node:os';
import { berthError } from '../errors/index.ts';
import type { UpRequest } from '../contract/index.ts';
import { crashPoint, diskSpace, exists, hostMemory } from '../host/index.ts';
import type { BuiltImage } from '../images/index.ts';
import type { Operation, Shape, TemplateId } from '../model/index.ts';
import type { OperationContext } from '../operations/index.ts';
import { checkFits } from '../placement/index.ts';
import { startAdmitted, type Wanted } from './admission.ts';
import { archivePaths } from './apply.ts';
import { bringUp } from './bring-up.ts';
import { collectTemplates } from './collect-templates.ts';
import type { Context } from './context.ts';
import { openEndpoint } from './endpoint.ts';
import { discard } from './fork.ts';
import { bootMachine } from './lifecycle.ts';
import { startFollowing } from './following.ts';
import { renewIdentity } from './machine-life.ts';
import { bootWanted } from './plan/machine-kind.ts';
import { planPorts } from './plan/ports.ts';
import type { EnvironmentRecord } from './record.ts';
import { assertUnclaimed } from './registry.ts';
import { assertNoReplica } from './replicas/start-scale.ts';
import { bringInVolumes, settleKept } from './volumes/bring-in.ts';
import { takeOver } from './take-over.ts';
import { readWish, type Wish } from './wish.ts';

const MIB = 1024 ** 2;

/**
 * Checks a request completely, records the operation and begins it.
 * @throws `compose-invalid`, `compose-unsupported`, `name-invalid`, `image-unknown`, `memory-exceeded`, `port-in-use`, `conflict`, …
 */
export async function startUp(
  context: Context,
  request: UpRequest,
  o: { readonly idempotencyKey?: string },
): Promise<Operation> {
  const wish = await readWish(context, request);
  await context.hypervisor.version();
  const known = context.registry.find(wish.name);
  assertNoReplica(known);
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
  const address = known?.address ?? (await context.registry.nextAddress());
  await assertPorts(context, wish, address, known?.id);
  const work = async (operation: OperationContext) => {
    for (const { line, message } of wish.warnings) {
      await operation.step('note', `note: line ${line ?? '?'}: ${message}`, async () => undefined);
    }
    return known === undefined
      ? createEnvironment(context, wish, operation)
      : updateEnvironment(context, known, wish, operation);
  };
  const start = () => context.operations.start('up', [wish.name], { name: wish.name }, work, o);
  const wanted = await wantedOf(context, wish, known);
  return wanted === undefined ? start() : startAdmitted(context, wanted, start);
}

/** The machine that it needs; undefined when it has one. Where there is no base template of the shape yet, one is booted and frozen first. */
async function wantedOf(
  context: Context,
  { name, shape, workload }: Wish,
  known: EnvironmentRecord | undefined,
): Promise<Wanted | undefined> {
  if (known !== undefined)
    return context.sessions.find(known.id) === undefined ? bootWanted(known) : undefined;
  const isReady = (await context.templates.list()).some(
    (one) =>
      one.kind === 'base' && one.shape.memoryMib === shape.memoryMib && one.shape.vcpus === shape.vcpus,
  );
  const kind = { start: isReady ? 'up' : 'boot', shape, project: workload.project } as const;
  return { kind, names: [name], ...(isReady ? {} : { onceDiskBytes: shape.memoryMib * MIB }) };
}

/** What one file tells of ports is checked before anything starts; what several say together is known only in the machine. */
async function assertPorts(
  context: Context,
  wish: Wish,
  address: string,
  known: EnvironmentRecord['id'] | undefined,
): Promise<void> {
  const { ports, problems } = planPorts(wish.project, wish.workload.publish, address);
  if (problems.length > 0 && !wish.project.incomplete)
    throw berthError('bad-request', 'a port cannot be published', { problems });
  if (wish.overrides.length === 0) await context.ingress.check(ports, known);
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
  crashPoint('up.recorded');
  try {
    await openEndpoint(context, record);
    const started = await operation.step('machine', 'start the machine', async () => {
      const disk = await context.machines.cloneDisk(context.machines.directoryOf(record.id), template);
      crashPoint('up.disk-made');
      await context.registry.update(record.id, { disk });
      const machine = await context.machines.restore(record.id, boot, disk, template, { signal });
      crashPoint('up.machine-started');
      const known = await takeOver(context, { ...record, disk }, machine);
      crashPoint('up.taken-over');
      const named = await renewIdentity(context, known, machine, signal);
      startFollowing(context, named, { isNew: true });
      return named;
    });
    await bringInVolumes(context, started, operation);
    crashPoint('up.volumes-brought-in');
    await bringUp(context, started, wish, operation, []);
    crashPoint('up.ready');
  } catch (error) {
    await settleFailure(context, record.id, error, signal.aborted);
    throw error;
  } finally {
    await settleKept(context, record.id);
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
    ...(wish.project.berth.hostAccess.length === 0 ? {} : { hostAccess: wish.project.berth.hostAccess }),
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
  await context.sleepers.awake(known.id, '`berth up`');
  const record = await context.registry.claim(known.id, operation.id);
  try {
    const { ports } = planPorts(wish.project, wish.workload.publish, record.address);
    // The project keeps its first name: a fork's containers carry that of its parent.
    const workload = { ...wish.workload, project: record.workload.project };
    if (context.sessions.find(record.id) === undefined) await bootMachine(context, record, operation);
    const before = context.registry.get(record.id).ports;
    const { hostAccess } = wish.project.berth;
    const change = { workload, ports, hostAccess: hostAccess.length === 0 ? undefined : hostAccess };
    const updated = await context.registry.update(record.id, change);
    const { machine } = context.sessions.get(record);
    await context.machines.allowHost(machine, hostAccess);
    await machine.running.mergeMemory(workload.mergeMemory === true);
    await bringUp(context, updated ?? record, wish, operation, before);
    // Replicas of what it was before are replaced by such of what it is now.
    const scale = workload.replicas === undefined ? record.scale : undefined;
    await context.registry.update(record.id, { scale });
    await context.replicas.renew(record.id);
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
