import { crashPoint } from '../host/index.ts';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { KeyedMutex } from '../base/index.ts';
import { asBerthError } from '../errors/index.ts';
import { connectGuestShell, makeIdentity, type HostKeyPair } from '../guest/index.ts';
import type { Accelerator, Hypervisor } from '../hypervisor/index.ts';
import type { BuiltImage } from '../images/index.ts';
import { formatShape, type Shape } from '../model/index.ts';
import { freeze, hardwareHash, planFreeze } from './freeze.ts';
import type { Layout } from './layout.ts';
import type { Machine, MachineBoot } from './machine.ts';
import type { Machines } from './machines.ts';
import type { TemplateManifest } from './template-manifest.ts';
import type { TemplateStore } from './template-store.ts';

const BOOT_TIMEOUT_MS = 180_000;
const IDENTITY_TIMEOUT_MS = 20_000;
/** A warm-up runs one container from start to end; under emulation that takes about 20 s. */
const WARM_UP_TIMEOUT_MS = 180_000;
const WARM_UP_COMMAND = ['/usr/lib/berth/warmup'];

/** Called as work begins, with what a person reads. */
export type ProgressListener = (detail: string) => void;

/** Templates of a booted, warmed-up guest without containers, from which `up` starts: one for each image and shape. */
export interface BaseTemplates {
  /** What a machine of this image and shape boots. */
  bootOf(image: BuiltImage, shape: Shape): Promise<MachineBoot>;
  /** The template that is there; undefined when it has to be made first. */
  find(image: BuiltImage, shape: Shape): Promise<TemplateManifest | undefined>;
  /** Finds it or makes it: boots a guest, runs one container in it, freezes it. Two calls for the same make it once. */
  ensure(
    image: BuiltImage,
    shape: Shape,
    o: { signal: AbortSignal; onProgress: ProgressListener },
  ): Promise<TemplateManifest>;
}

export interface BaseTemplateOptions {
  readonly hypervisor: Hypervisor;
  readonly machines: Machines;
  readonly templates: TemplateStore;
  readonly layout: Layout;
  /** Which accelerator really runs this kernel. */
  readonly accelerator: (kernelPath: string) => Promise<Accelerator>;
  readonly clientKey: HostKeyPair;
}

export function createBaseTemplates(options: BaseTemplateOptions): BaseTemplates {
  const making = new KeyedMutex();
  const bootOf = async (image: BuiltImage, shape: Shape): Promise<MachineBoot> => ({
    shape,
    accelerator: await options.accelerator(image.kernelPath),
    kernelPath: image.kernelPath,
    initrdPath: image.initrdPath,
    kernelArguments: [
      ...image.kernelArguments,
      `berth.key=${Buffer.from(options.clientKey.public).toString('base64')}`,
    ],
  });
  const find = async (image: BuiltImage, shape: Shape) => {
    const installed = await options.hypervisor.version();
    const { version } = installed;
    const wanted = hardwareHash(await bootOf(image, shape), installed);
    return (await options.templates.list()).findLast(
      (template) =>
        template.kind === 'base' &&
        !template.diskOnly &&
        template.qemuVersion === version &&
        template.hardwareHash === wanted &&
        template.shape.diskGib === shape.diskGib &&
        template.hashes !== undefined,
    );
  };
  return {
    bootOf,
    find,
    ensure: (image, shape, o) =>
      making.run(`${image.id} ${JSON.stringify(shape)}`, async () => {
        const known = await find(image, shape);
        if (known !== undefined && (await isIntact(options.templates, known, o))) return known;
        return makeBase(options, image, await bootOf(image, shape), o);
      }),
  };
}

/** A base template can be made again, so a damaged one is no failure; the new one takes its place. */
async function isIntact(
  templates: TemplateStore,
  manifest: TemplateManifest,
  o: { signal: AbortSignal; onProgress: ProgressListener },
): Promise<boolean> {
  try {
    await templates.verify(manifest, o.signal);
    return true;
  } catch (error) {
    const { code, message } = asBerthError(error);
    if (code !== 'template-invalid') throw error;
    o.onProgress(`${message}; it is made again`);
    return false;
  }
}

async function makeBase(
  options: BaseTemplateOptions,
  image: BuiltImage,
  boot: MachineBoot,
  o: { signal: AbortSignal; onProgress: ProgressListener },
): Promise<TemplateManifest> {
  const { machines, layout, templates, hypervisor } = options;
  const id = `build-${randomBytes(6).toString('hex')}`;
  const directory = join(layout.builds, id);
  using _hold = machines.holds.hold(id);
  let machine: Machine | undefined;
  try {
    const disk = await machines.createDisk(directory, image.diskPath, boot.shape.diskGib);
    crashPoint('base.disk-made');
    o.onProgress('boot the guest');
    machine = await machines.boot(id, boot, disk, { timeoutMs: BOOT_TIMEOUT_MS, signal: o.signal });
    crashPoint('base.booted');
    o.onProgress('run a first container');
    await warmUp(machine, options.clientKey, o.signal);
    o.onProgress('freeze the guest');
    const frozen = await freeze(hypervisor, templates, {
      machine,
      boot,
      disk,
      plan: planFreeze(disk),
      name: nameOf(image, boot.shape),
      kind: 'base',
      image: image.id,
      signal: o.signal,
    });
    crashPoint('base.frozen');
    o.onProgress('compute hashes');
    return await templates.seal(frozen.manifest, { signal: o.signal });
  } finally {
    // The template keeps its own link to the disk layer.
    if (machine !== undefined) await machines.end(machine, { graceMs: 500 });
    await machines.removeDisk(directory);
  }
}

async function warmUp(machine: Machine, clientKey: HostKeyPair, signal: AbortSignal): Promise<void> {
  const identity = makeIdentity('berth');
  await machine.link.renewIdentity(identity, { timeoutMs: IDENTITY_TIMEOUT_MS, signal });
  const shell = connectGuestShell({
    host: machine.slot.guestReachableAt,
    privateKey: clientKey.private,
    hostKey: identity.hostKeys[0]?.public ?? '',
  });
  try {
    await shell.exec(WARM_UP_COMMAND, { timeoutMs: WARM_UP_TIMEOUT_MS, signal });
  } finally {
    shell.close();
  }
}

function nameOf(image: BuiltImage, shape: Shape): string {
  const words = ['base', image.name, formatShape(shape).toLowerCase(), `${shape.diskGib}g`];
  return words.join('-').slice(0, 40);
}
