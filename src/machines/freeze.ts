import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { berthError } from '../errors/index.ts';
import {
  chmod,
  chown,
  crashPoint,
  createEmptyFile,
  hardLink,
  permissions,
  removeTree,
} from '../host/index.ts';
import type { FreezeReport, Hypervisor, HypervisorVersion } from '../hypervisor/index.ts';
import type { ImageId, TemplateId } from '../model/index.ts';
import { MACHINE_GID, machineUid } from './layout.ts';
import type { Machine, MachineBoot, MachineDisk } from './machine.ts';
import { MANIFEST_VERSION, type TemplateManifest } from './template-manifest.ts';
import type { TemplateFiles, TemplateStore } from './template-store.ts';

/** Each freeze of a running machine puts one more layer under its disk; reads pass through all of them. */
export const MAX_LAYERS = 24;

/** What a freeze is going to change, decided before it begins, so that it can be finished or undone after a crash. */
export interface FreezePlan {
  readonly template: TemplateId;
  /** Name of the layer that the machine writes to afterwards. */
  readonly top: string;
}

/** What is frozen and what it will be called. */
export interface FreezeSubject {
  readonly boot: MachineBoot;
  readonly disk: MachineDisk;
  readonly plan: FreezePlan;
  readonly name: string;
  readonly kind: TemplateManifest['kind'];
  readonly image: ImageId;
  /** Name of the environment it is frozen from. */
  readonly source?: string;
  /** Kept in the manifest as it is; must survive JSON. */
  readonly workload?: unknown;
}

export interface FreezeRequest extends FreezeSubject {
  readonly machine: Machine;
  readonly signal: AbortSignal;
}

export interface Frozen {
  readonly manifest: TemplateManifest;
  /** The machine's disk from now on. */
  readonly disk: MachineDisk;
  readonly report: FreezeReport;
}

/** @throws `conflict` when the disk has too many layers */
export function planFreeze(disk: MachineDisk): FreezePlan {
  if (disk.layers.length >= MAX_LAYERS) {
    throw berthError(
      'conflict',
      `the disk has ${disk.layers.length} layers, and those could not be merged; ${MAX_LAYERS} is the limit`,
      {
        remedy:
          'See why with `./berth events` and in daemon.log, often a disk that is full; repeat the command then.',
      },
    );
  }
  const count = Number(/\d+/.exec(disk.top)?.[0] ?? 0) + 1;
  return { template: newTemplateId(), top: `disk-${count}.qcow2` };
}

function newTemplateId(): TemplateId {
  return `tpl-${randomBytes(6).toString('hex')}` as TemplateId;
}

/**
 * Freezes a running machine into a template and lets it go on. The machine's disk layer becomes the template's;
 * the machine goes on in a new layer above it. The hashes are left to {@link TemplateStore.seal}.
 */
export async function freeze(
  hypervisor: Hypervisor,
  templates: TemplateStore,
  request: FreezeRequest,
): Promise<Frozen> {
  const { machine, disk, plan } = request;
  const files = await templates.prepare(plan.template);
  const overlayPath = join(disk.directory, plan.top);
  try {
    await prepareFiles(hypervisor, request, files, overlayPath);
    crashPoint('freeze.prepared');
    const { signal } = request;
    const statePath = statePathOf(disk, plan);
    const report = await machine.running.freeze({ statePath, overlayPath, signal });
    crashPoint('freeze.saved');
    // Before the template is complete: a name more or less counts as a change of the file.
    await removeTree(statePath);
    await protect(files.state, files.disk);
    crashPoint('freeze.protected');
    const manifest = await manifestOf(hypervisor, request, {
      memoryOffset: report.memoryOffset,
      diskOnly: false,
    });
    await templates.complete(manifest);
    crashPoint('freeze.completed');
    const adopted = await adoptLayer(disk, plan);
    crashPoint('freeze.layer-adopted');
    return { manifest, disk: adopted, report };
  } catch (error) {
    // Once the machine writes to its new layer, the one below holds its data: see `settleFreeze`.
    if (!(await writesTo(machine, plan.top))) await undoFreeze(templates, disk, plan);
    throw error;
  }
}

/** Removes what a freeze prepared that did not get as far as the machine's new layer. */
export async function undoFreeze(
  templates: TemplateStore,
  disk: MachineDisk,
  plan: FreezePlan,
): Promise<void> {
  await templates.remove(plan.template);
  await removeTree(statePathOf(disk, plan));
  await removeTree(join(disk.directory, plan.top));
}

/**
 * Settles a freeze that failed or was interrupted after the machine had gone over to its new layer, or may have: the layer below
 * is kept as a template of a disk alone. A layer that was never written to stands for the same data as the one below
 * it, so this is right in either case.
 */
export async function settleFreeze(
  hypervisor: Hypervisor,
  templates: TemplateStore,
  subject: FreezeSubject,
): Promise<MachineDisk> {
  const { plan, disk } = subject;
  const files = templates.files(plan.template);
  await removeTree(statePathOf(disk, plan));
  const known = await templates.find(plan.template);
  if (known === undefined) {
    await protect(files.disk);
    await templates.complete(await manifestOf(hypervisor, subject, { memoryOffset: 0, diskOnly: true }));
    await removeTree(files.state);
  }
  return adoptLayer(disk, plan);
}

/** True when the machine has gone over to the layer `name`; also when it cannot be asked, for then nothing may be removed. */
export async function writesTo(machine: Machine, name: string): Promise<boolean> {
  try {
    return (await machine.running.topLayer()) === name;
  } catch {
    return true;
  }
}

/** The machine's disk after a freeze; its former layer has another name in the template. */
export async function adoptLayer(disk: MachineDisk, plan: FreezePlan): Promise<MachineDisk> {
  await removeTree(join(disk.directory, disk.top));
  return { directory: disk.directory, top: plan.top, layers: [plan.template, ...disk.layers] };
}

/** Name of the template's state in the machine's own directory, the only one that it can write to; gone after the freeze. */
function statePathOf(disk: MachineDisk, plan: FreezePlan): string {
  return join(disk.directory, `state-of-${plan.template}`);
}

async function prepareFiles(
  hypervisor: Hypervisor,
  request: FreezeRequest,
  files: TemplateFiles,
  overlayPath: string,
): Promise<void> {
  const { machine, disk, boot, plan } = request;
  const uid = machineUid(machine.slot.index);
  const below = { path: files.disk, format: 'qcow2' } as const;
  await createEmptyFile(files.state, 0o600);
  await hardLink(files.state, statePathOf(disk, plan));
  await hardLink(join(disk.directory, disk.top), files.disk);
  await Promise.all([
    chown(files.state, uid, MACHINE_GID),
    hypervisor
      .createDisk(overlayPath, below, boot.shape.diskGib)
      .then(() => chown(overlayPath, uid, MACHINE_GID)),
    hypervisor.createDisk(files.overlay, below, boot.shape.diskGib),
  ]);
}

/** Machines may read these files and nobody may write them. */
export async function protect(...paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    await chown(path, 0, MACHINE_GID);
    await chmod(path, 0o440);
  }
}

/** Whether a file may only be read, as {@link protect} leaves it. */
export async function isProtected(path: string): Promise<boolean> {
  const found = await permissions(path);
  return found?.uid === 0 && found.gid === MACHINE_GID && found.mode === 0o440;
}

/** The manifest of what is frozen now. */
export async function manifestOf(
  hypervisor: Hypervisor,
  subject: FreezeSubject,
  saved: Pick<TemplateManifest, 'memoryOffset' | 'diskOnly'>,
): Promise<TemplateManifest> {
  const { boot, plan, name, kind, image, source, workload, disk } = subject;
  const installed = await hypervisor.version();
  const { version, machineType } = installed;
  const { shape, accelerator, kernelPath, initrdPath, kernelArguments } = boot;
  return {
    ...{ version: MANIFEST_VERSION, id: plan.template, name, kind, image, shape },
    createdAt: new Date().toISOString(),
    ...(source === undefined ? {} : { source }),
    ...{ qemuVersion: version, machineType, accelerator, hardwareHash: hardwareHash(boot, installed) },
    ...{ kernelPath, initrdPath, kernelArguments },
    layers: disk.layers,
    ...(workload === undefined ? {} : { workload }),
    ...saved,
  };
}

/** Hash of what the guest sees as its hardware; a saved state is only loaded into the same. */
export function hardwareHash(
  boot: MachineBoot,
  { machineType, hardware }: Pick<HypervisorVersion, 'machineType' | 'hardware'>,
): string {
  const { shape, accelerator, kernelPath, initrdPath, kernelArguments } = boot;
  const seen = [
    machineType,
    hardware,
    accelerator,
    shape.vcpus,
    shape.memoryMib,
    kernelPath,
    initrdPath,
    ...kernelArguments,
  ];
  return createHash('sha256').update(JSON.stringify(seen)).digest('hex');
}

/**
 * Checks that a template was saved by the same hypervisor, with the same devices, as would load it. It is loaded with the
 * accelerator that it was saved with.
 * @throws `template-invalid` with what differs
 */
export async function assertLoadable(
  hypervisor: Hypervisor,
  manifest: TemplateManifest,
  remedy = `Remove it with \`./berth template rm ${manifest.name}\`; it is made again when needed.`,
): Promise<void> {
  const differences = await differencesOf(hypervisor, manifest, manifest);
  if (differences.length === 0) return;
  throw berthError(
    'template-invalid',
    `template "${manifest.name}" cannot be loaded: ${differences.join(', ')}`,
    { remedy },
  );
}

/** How the hypervisor that is installed differs from the one that saved a machine, such as `QEMU was 10.0.2 and is 10.1.0`. */
export async function differencesOf(
  hypervisor: Hypervisor,
  boot: MachineBoot,
  saved: Pick<TemplateManifest, 'qemuVersion' | 'machineType' | 'hardwareHash'>,
): Promise<string[]> {
  const installed = await hypervisor.version();
  return [
    ['QEMU', saved.qemuVersion, installed.version],
    ['machine type', saved.machineType, installed.machineType],
    ['hardware', saved.hardwareHash.slice(0, 12), hardwareHash(boot, installed).slice(0, 12)],
  ]
    .filter(([, was, is]) => was !== is)
    .map(([name, was, is]) => `${name} was ${was} and is ${is}`);
}
