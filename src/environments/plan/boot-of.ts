import type { MachineBoot, TemplateManifest } from '../../machines/index.ts';

/** How a machine starts that is restored from a template, or booted from the disk of one. */
export function bootOf({
  shape,
  accelerator,
  kernelPath,
  initrdPath,
  kernelArguments,
}: TemplateManifest): MachineBoot {
  return { shape, accelerator, kernelPath, initrdPath, kernelArguments };
}
