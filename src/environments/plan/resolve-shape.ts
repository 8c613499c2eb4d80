import type { ComposeProject } from '../../compose/index.ts';
import { DEFAULT_SHAPE, type Shape } from '../../model/index.ts';

/** The command line comes first, then the file's `x-berth`, then the default. */
export function resolveShape(
  asked: Partial<{ [Key in keyof Shape]: Shape[Key] | undefined }> | undefined,
  project: ComposeProject,
): Shape {
  const { berth } = project;
  return {
    vcpus: asked?.vcpus ?? berth.cpus ?? DEFAULT_SHAPE.vcpus,
    memoryMib: asked?.memoryMib ?? berth.memoryMib ?? DEFAULT_SHAPE.memoryMib,
    diskGib: asked?.diskGib ?? berth.diskGib ?? DEFAULT_SHAPE.diskGib,
  };
}
