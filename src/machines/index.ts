export { type BaseTemplates, createBaseTemplates } from './base-templates.ts';
export {
  adoptLayer,
  assertLoadable,
  type FreezePlan,
  type FreezeRequest,
  type Frozen,
  freeze,
  planFreeze,
} from './freeze.ts';
export { type Layout, layoutOf, MACHINE_GID, machineUid } from './layout.ts';
export type { Machine, MachineBoot, MachineDisk, MachineProcess } from './machine.ts';
export { cgroupMaker, hasDisk, Machines, type StepListener } from './machines.ts';
export type { TemplateManifest } from './template-manifest.ts';
export { TemplateStore } from './template-store.ts';
