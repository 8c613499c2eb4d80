import { berthError } from '../errors/index.ts';
import type { ForkRequest } from '../contract/index.ts';
import { assertLoadable, type Frozen, type MachineBoot, type TemplateManifest } from '../machines/index.ts';
import { crashPoint } from '../host/index.ts';
import type {
  EnvironmentId,
  ForkReport,
  ImageId,
  Operation,
  OperationId,
  TemplateId,
} from '../model/index.ts';
import type { OperationContext } from '../operations/index.ts';
import { startAdmitted, type Wanted } from './admission.ts';
import { collectTemplates } from './collect-templates.ts';
import type { Context } from './context.ts';
import { openEndpoint } from './endpoint.ts';
import { startFollowing } from './following.ts';
import { type FrozenWorkload, freezeEnvironment, frozenWorkloadOf } from './freeze-environment.ts';
import { endMachine, nameMachine, renewIdentity } from './machine-life.ts';
import { bootOf } from './plan/boot-of.ts';
import { forkNames } from './plan/fork-names.ts';
import { portsOfFork } from './plan/ports.ts';
import { publishFollowed, publishPorts, waitForPorts } from './ports.ts';
import type { EnvironmentRecord } from './record.ts';
import { assertUnclaimed, type EnvironmentDraft } from './registry.ts';
import { takeOver } from './take-over.ts';
import { discardMember, type WarmMember } from './warm-member.ts';

const MIB = 1024 ** 2;
const READY_TIMEOUT_MS = 60_000;
/** A host whose processors are all wanted may take its time for the hashes of a fork point. */
const SEAL_TIMEOUT_MS = 30 * 60_000;
/** Two cores translate two guests at a time; more at once only makes each of them slower. */
const PARALLEL_FORKS = 2;

/** Where forks come from, with what ran in it at that moment. */
interface Source {
  readonly name: string;
  /** A running environment, which is frozen first; absent when the source is a template. */
  readonly parent?: EnvironmentRecord;
  /** A template; absent when it has yet to be made from {@link parent}. */
  readonly template?: TemplateManifest;
  /** The template, or until there is one that which the parent was made from. */
  readonly templateId: TemplateId;
  readonly boot: MachineBoot;
  readonly image: ImageId;
  readonly workload: FrozenWorkload;
  /** The forks are replicas of that environment. */
  readonly replicaOf?: EnvironmentId;
}

/** Records the forks and begins to make them; returns while they are made. */
export async function startFork(
  context: Context,
  request: ForkRequest,
  o: { readonly idempotencyKey?: string },
): Promise<Operation> {
  const calledAt = performance.now();
  const source = await findSource(context, request.source);
  const names = forkNames(
    source.name,
    request.name,
    request.count ?? 1,
    new Set(context.registry.list().map(({ name }) => name)),
  );
  const taken = names.find((name) => context.registry.find(name) !== undefined);
  if (taken !== undefined) throw berthError('name-taken', `there is an environment "${taken}" already`);
  return startAdmitted(context, wantedOf(context, source, names), () =>
    context.operations.start(
      'fork',
      names,
      { source: request.source, names },
      (operation) => runFork(context, source, names, operation, calledAt),
      { durability: 'intent', ...o },
    ),
  );
}

/** Makes replicas of an environment, all or none. @throws `capacity-exceeded` when the host has no room for them */
export async function forkReplicas(
  context: Context,
  { id, name }: EnvironmentRecord,
  template: TemplateManifest,
  names: readonly string[],
  operation: OperationContext,
): Promise<void> {
  const calledAt = performance.now();
  const source = { ...(await findSource(context, template.id)), name, replicaOf: id };
  using _room = await context.admission.admit(wantedOf(context, source, names));
  await runFork(context, source, names, operation, calledAt);
}

/** What forks take; a running parent's memory is written to disk once for all of them. */
function wantedOf(context: Context, source: Source, names: readonly string[]): Wanted {
  const { shape } = source.boot;
  const isRunning = source.parent !== undefined;
  return {
    kind: { start: 'fork', shape, project: source.workload.project },
    names,
    ready: isRunning ? 0 : context.pools.readyOf(source.templateId),
    ...(isRunning ? { onceDiskBytes: shape.memoryMib * MIB } : {}),
  };
}

async function findSource(context: Context, ref: string): Promise<Source> {
  const record = context.registry.find(ref);
  if (record !== undefined) return sourceOf(context, record);
  const template = await context.templates.find(ref);
  if (template === undefined) throw berthError('not-found', `there is no environment or template "${ref}"`);
  const workload = template.workload as FrozenWorkload | undefined;
  if (workload === undefined) {
    throw berthError('bad-request', `template "${template.name}" holds a bare guest without an application`, {
      remedy: 'Bring one up with `./berth up`, or fork an environment.',
    });
  }
  const { name, image } = template;
  const boot = bootOf(template);
  return { name, template, templateId: template.id, boot, image, workload };
}

function sourceOf(context: Context, parent: EnvironmentRecord): Source {
  assertUnclaimed(parent);
  if (parent.disk === undefined || context.sessions.find(parent.id) === undefined) {
    throw berthError(
      'not-running',
      `environment "${parent.name}" is ${parent.state}; only a running one can be forked`,
      { remedy: `Start it with \`./berth start ${parent.name}\`.` },
    );
  }
  const { name, boot, image } = parent;
  const workload = frozenWorkloadOf(parent);
  return { name, parent, templateId: parent.template, boot, image, workload };
}

function draftOf(
  source: Source,
  name: string,
  operation: OperationId,
  member: WarmMember | undefined,
): EnvironmentDraft {
  const {
    ports,
    services,
    address: parentAddress,
    followed = [],
    followedMark,
    hostAccess,
    ...workload
  } = source.workload;
  return {
    ...(member === undefined ? {} : { id: member.id, disk: member.disk, hostKey: member.hostKey }),
    ...{ name, state: 'creating', parent: source.name, image: source.image, operation },
    template: source.templateId,
    ...(source.replicaOf === undefined ? {} : { replicaOf: source.replicaOf }),
    ...{ shape: source.boot.shape, boot: source.boot, workload, services },
    ...(followedMark === undefined ? {} : { followedMark }),
    ...(hostAccess === undefined ? {} : { hostAccess }),
    ports: (address) => portsOfFork(ports, parentAddress, address),
    followed: (address) => portsOfFork(followed, parentAddress, address),
  };
}

async function runFork(
  context: Context,
  source: Source,
  names: readonly string[],
  operation: OperationContext,
  calledAt: number,
): Promise<{ names: readonly string[] }> {
  const parent =
    source.parent === undefined ? undefined : await context.registry.claim(source.parent.id, operation.id);
  const forks: EnvironmentRecord[] = [];
  const warm = parent === undefined ? context.pools.take(source.templateId, names.length) : [];
  const members = new Map(warm.map((member) => [member.id, member]));
  if (warm.length > 0) crashPoint('pool.taken');
  try {
    const drafts = names.map((name, index) => draftOf(source, name, operation.id, warm[index]));
    forks.push(...(await context.registry.create(drafts)));
    for (const { hold } of warm) hold[Symbol.dispose]();
    crashPoint('fork.recorded');
    if (warm.length > 0) crashPoint('pool.recorded');
    await Promise.all(forks.map((record) => openEndpoint(context, record)));
    const point = parent === undefined ? undefined : await freezeParent(context, parent, operation);
    const template = point?.manifest ?? source.template;
    if (template === undefined) throw berthError('internal', 'a fork has no template');
    await assertLoadable(context.hypervisor, template);
    await inParallel(forks, PARALLEL_FORKS, (record) => {
      const member = members.get(record.id);
      members.delete(record.id);
      return makeFork(context, record, template, { point, member }, operation, calledAt);
    });
    return { names };
  } catch (error) {
    await Promise.all([...members.values()].map((member) => discardMember(context, member)));
    await Promise.all(forks.map((record) => discard(context, record)));
    throw error;
  } finally {
    if (parent !== undefined) await context.registry.update(parent.id, { operation: undefined });
    await collectTemplates(context);
  }
}

async function freezeParent(
  context: Context,
  parent: EnvironmentRecord,
  operation: OperationContext,
): Promise<Frozen> {
  return operation.step('freeze', `freeze ${parent.name}`, async () => {
    const name = `fork-point-${operation.id.slice(3)}`;
    const frozen = await freezeEnvironment(context, parent, {
      name,
      kind: 'fork-point',
      signal: operation.signal,
    });
    sealLater(context, frozen.manifest);
    return frozen;
  });
}

/** The hashes are for a later daemon; nobody waits for them. */
export function sealLater(context: Context, manifest: TemplateManifest): void {
  const o = { signal: AbortSignal.timeout(SEAL_TIMEOUT_MS), background: true };
  context.templates.seal(manifest, o).catch((error: unknown) => {
    context.log.warn(
      { template: manifest.id, err: error },
      'the hashes of a fork point could not be written',
    );
  });
}

async function makeFork(
  context: Context,
  draft: EnvironmentRecord,
  template: TemplateManifest,
  { point, member }: { readonly point: Frozen | undefined; readonly member: WarmMember | undefined },
  operation: OperationContext,
  calledAt: number,
): Promise<void> {
  const steps = new StepClock();
  const title = `start ${draft.name}`;
  const record = await operation.step(`start-${draft.name}`, title, async () => {
    const warm = member === undefined ? undefined : await useMember(context, draft, member, operation, steps);
    const named = warm ?? (await startMachine(context, draft, template, operation, steps));
    await publishPorts(context, named);
    const followed = await publishFollowed(context, named);
    crashPoint('fork.published');
    steps.mark('publish');
    return { ...named, followed };
  });
  const fork: ForkReport = {
    from: draft.parent ?? template.name,
    readyMs: Math.round(performance.now() - calledAt),
    parentPausedMs: Math.round(point?.report.pausedMs ?? 0),
    steps: {
      ...(point === undefined ? {} : { freeze: operation.stepMs()['freeze'] ?? 0 }),
      ...steps.result(),
    },
    frozenBytes: point?.report.stateBytes ?? 0,
    ...(member === undefined ? {} : { warm: true }),
  };
  await context.registry.update(record.id, {
    state: 'running',
    readyAt: new Date().toISOString(),
    readyBy: operation.id,
    operation: undefined,
    fork,
    followed: record.followed,
  });
  crashPoint('fork.ready');
  startFollowing(context, record, { isNew: false });
  context.events.append('environment.ready', record.name, `forked from ${fork.from} in ${fork.readyMs} ms`);
}

async function startMachine(
  context: Context,
  draft: EnvironmentRecord,
  template: TemplateManifest,
  { signal }: OperationContext,
  steps: StepClock,
): Promise<EnvironmentRecord> {
  const disk = await context.machines.cloneDisk(context.machines.directoryOf(draft.id), template);
  crashPoint('fork.disk-made');
  steps.mark('disk');
  const known =
    (await context.registry.update(draft.id, { disk, template: template.id }, { durability: 'relaxed' })) ??
    draft;
  steps.mark('record');
  const machine = await context.machines.restore(draft.id, draft.boot, disk, template, {
    signal,
    onStep: steps.mark,
  });
  crashPoint('fork.machine-started');
  const taken = await takeOver(context, known, machine);
  crashPoint('fork.taken-over');
  steps.mark('record');
  // The guest's own ports may be looked at meanwhile; those on the host stay closed until it is somebody else.
  const [named] = await Promise.all([
    renewIdentity(context, taken, machine, signal).finally(() => steps.mark('identity')),
    waitForPorts(context, taken, { timeoutMs: READY_TIMEOUT_MS, signal }),
  ]);
  crashPoint('fork.identified');
  steps.mark('ready');
  return named;
}

/** Makes an environment of a warm fork; undefined when it is of no use after all, and then nothing of it is left. */
async function useMember(
  context: Context,
  draft: EnvironmentRecord,
  { machine }: WarmMember,
  { signal }: OperationContext,
  steps: StepClock,
): Promise<EnvironmentRecord | undefined> {
  try {
    const taken = await takeOver(context, draft, machine);
    crashPoint('pool.taken-over');
    steps.mark('record');
    await nameMachine(context, taken, machine, signal);
    crashPoint('pool.named');
    steps.mark('identity');
    return taken;
  } catch (error) {
    signal.throwIfAborted();
    context.log.warn({ environment: draft.name, err: error }, 'a warm fork could not be used');
    await endMachine(context, draft, { graceMs: 0 });
    await context.machines.removeDisk(context.machines.directoryOf(draft.id));
    return undefined;
  }
}

/** Removes a fork that did not come to be, with all that it had. */
export async function discard(context: Context, record: EnvironmentRecord): Promise<void> {
  await endMachine(context, record, { graceMs: 0 });
  crashPoint('remove.machine-ended');
  await context.machines.removeDisk(context.machines.directoryOf(record.id));
  crashPoint('remove.disk-removed');
  await context.endpoints.close(record);
  await context.registry.delete(record.id);
  crashPoint('remove.forgotten');
  context.sleepers.forget(record.id);
}

async function inParallel<Item>(
  items: readonly Item[],
  limit: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  const results = await Promise.allSettled(Array.from({ length: Math.min(limit, items.length) }, worker));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

/** Adds up the time between marks, by name, in ms. */
class StepClock {
  readonly #spent: Record<string, number> = {};
  #last = performance.now();

  readonly mark = (step: string): void => {
    const now = performance.now();
    this.#spent[step] = Math.round(((this.#spent[step] ?? 0) + now - this.#last) * 10) / 10;
    this.#last = now;
  };

  result(): Readonly<Record<string, number>> {
    return this.#spent;
  }
}
