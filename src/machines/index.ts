export { type BaseTemplates, createBaseTemplates } from './base-templates.ts';
export {
  assertLoadable,
  type FreezePlan,
  type FreezeRequest,
  type FreezeSubject,
  type Frozen,
  freeze,
  planFreeze,
  settleFreeze,
  undoFreeze,
} from './freeze.ts';
export { type Layout, layoutOf, MACHINE_GID, machineUid } from './layout.ts';
export type { Machine, MachineBoot, MachineDisk, MachineProcess } from './machine.ts';
export { cgroupMaker } from './machine-cgroup.ts';
export { closeLines, hasDisk, Machines, type StepListener } from './machines.ts';
export type { FoundMachines, MachinePlace } from './remains.ts';
export { removeSaved, type SavedState, saveMachine } from './saved-state.ts';
export type { TemplateManifest } from './template-manifest.ts';
export { TemplateStore } from './template-store.ts';
