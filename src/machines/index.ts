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
export { FileTrust, type Seal, type Verdict } from './file-trust.ts';
export { type Layout, layoutOf, MACHINE_GID, machineUid } from './layout.ts';
export type { Machine, MachineBoot, MachineDisk, MachineProcess } from './machine.ts';
export { type AroundSplit, type SplitRequest, splitDisk } from './split-disk.ts';
export { cgroupMaker } from './machine-cgroup.ts';
export { closeLines, hasDisk, Machines, type StepListener } from './machines.ts';
export type { FoundMachines, MachinePlace } from './remains.ts';
export { removeSaved, type SavedState, saveMachine } from './saved-state.ts';
export { SharedBase } from './shared-base.ts';
export { type SnapshotFacts, type TemplateManifest, withChecksum } from './template-manifest.ts';
export { TemplateStore } from './template-store.ts';
export { VerifiedFiles } from './verified-files.ts';
